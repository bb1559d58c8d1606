package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// keysIn runs the command in a folder; it returns what is on standard output,
// and fails the test if a secret of the folder's identities is anywhere.
func keysIn(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), append([]string{"-dir", dir, "-work-factor", "4"}, args...), &stdout, &stderr)
	shown := stderr.String()
	if err != nil {
		shown += err.Error()
	}
	for _, secret := range secrets(t, dir) {
		require.False(t, strings.Contains(shown, secret), "a secret on standard error")
		if !strings.Contains(strings.Join(args, " "), "-reveal") {
			require.False(t, strings.Contains(stdout.String(), secret), "a secret on standard output")
		}
	}
	return stdout.String(), err
}

// secrets are the last characters, the seed, of all plain keys in dir.
func secrets(t *testing.T, dir string) (list []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	require.NoError(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		if text, _, _ := strings.Cut(string(b), "\n"); len(text) > 900 && !strings.HasPrefix(text, "age-") {
			list = append(list, text[len(text)-42:])
		}
	}
	return list
}

func must(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := keysIn(t, dir, args...)
	require.NoError(t, err)
	return out
}

func folder(t *testing.T) string { return filepath.Join(t.TempDir(), "keys") }

func TestLabelAndRename(t *testing.T) {
	dir := folder(t)
	must(t, dir, "create", "bot")
	out := must(t, dir, "label", "bot", "my first bot")
	assert.Regexp(t, `(?m)^label +my first bot$`, out)
	assert.Equal(t, out, must(t, dir, "show", "bot"))
	assert.Regexp(t, `(?m)^name +robot\nlabel +my first bot$`, must(t, dir, "rename", "bot", "robot"))
	assert.Contains(t, must(t, dir, "rotate", "robot"), "my first bot")
	assert.Contains(t, must(t, dir, "-json", "show", "robot"), `"label":"my first bot"`)
	require.Len(t, secrets(t, dir), 2)
	assert.NotContains(t, must(t, dir, "label", "robot", ""), "label")

	_, err := keysIn(t, dir, "label", "robot", "two\nlines")
	assert.ErrorIs(t, err, keys.ErrLabel)
	_, err = keysIn(t, dir, "rename", "bot", "x")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestCreateShowList(t *testing.T) {
	dir := folder(t)
	out := must(t, dir, "create", "bot")
	assert.Regexp(t, `(?m)^host +[a-z2-7]{52}\.b32\.i2p$`, out)
	assert.Equal(t, out, must(t, dir, "show", "bot"))
	require.Len(t, secrets(t, dir), 1, "else the test could not see a leak")

	_, err := keysIn(t, dir, "create", "bot")
	assert.ErrorIs(t, err, fs.ErrExist)
	_, err = keysIn(t, dir, "create", "../bot")
	assert.ErrorIs(t, err, keys.ErrName)
	_, err = keysIn(t, dir, "show", "none")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = keysIn(t, dir+"-mistyped", "list")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.NoDirExists(t, dir+"-mistyped")

	must(t, dir, "create", "a")
	lines := strings.Split(must(t, dir, "list"), "\n")
	require.Len(t, lines, 4)
	assert.Regexp(t, `^NAME +SAVED +RETIRED$`, lines[0])
	assert.Regexp(t, `^a +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +-$`, lines[1])
	assert.Regexp(t, `^bot  `, lines[2])
}

func TestJSON(t *testing.T) {
	dir := folder(t)
	var made, shown map[string]string
	require.NoError(t, json.Unmarshal([]byte(must(t, dir, "-json", "create", "bot")), &made))
	require.NoError(t, json.Unmarshal([]byte(must(t, dir, "-json", "show", "bot")), &shown))
	assert.Equal(t, made, shown)
	assert.Equal(t, "bot", made["name"])
	d, err := keys.ParseDestination(made["destination"])
	require.NoError(t, err)
	assert.Equal(t, d.Base32(), made["host"])
	assert.Len(t, made, 4)

	must(t, dir, "rotate", "bot")
	var list []map[string]string
	require.NoError(t, json.Unmarshal([]byte(must(t, dir, "-json", "list")), &list))
	require.Len(t, list, 2)
	assert.NotContains(t, list[0], "retired")
	assert.Contains(t, list[1], "retired")
	require.NoError(t, os.Mkdir(dir+"-empty", 0o700))
	assert.Equal(t, "[]\n", must(t, dir+"-empty", "-json", "list"))
}

func TestRotateAndRestore(t *testing.T) {
	dir := folder(t)
	first := must(t, dir, "create", "bot")
	second := must(t, dir, "rotate", "bot")
	assert.NotEqual(t, first, second)
	assert.Equal(t, second, must(t, dir, "show", "bot"))
	assert.Equal(t, first, must(t, dir, "restore", "bot"))
	assert.Equal(t, second, must(t, dir, "restore", "bot"))
	assert.Len(t, secrets(t, dir), 2)
}

func TestExportAndImport(t *testing.T) {
	dir := folder(t)
	shown := must(t, dir, "create", "bot")
	for _, format := range []string{"sam", "dat", "i2pkeys"} {
		out := filepath.Join(t.TempDir(), "exported")
		assert.Equal(t, shown, must(t, dir, "-format", format, "-out", out, "export", "bot"))
		fi, err := os.Stat(out)
		require.NoError(t, err)
		if runtime.GOOS != "windows" {
			assert.Equal(t, fs.FileMode(0o600), fi.Mode())
		}
		other := folder(t)
		assert.Equal(t, shown, must(t, other, "import", "bot", out))

		_, err = keysIn(t, dir, "-out", out, "export", "bot")
		assert.ErrorIs(t, err, fs.ErrExist, "never overwritten")
		secret, err := os.ReadFile(out)
		require.NoError(t, err)
		assert.Equal(t, string(secret), must(t, dir, "-format", format, "-reveal", "export", "bot"))
	}
	for _, args := range [][]string{
		{"export", "bot"},
		{"-reveal", "-out", filepath.Join(dir, "x"), "export", "bot"},
		{"-reveal", "-format", "pem", "export", "bot"},
		{"-out", filepath.Join(dir, "no", "such", "folder"), "export", "bot"},
	} {
		out, err := keysIn(t, dir, args...)
		assert.Error(t, err)
		assert.Empty(t, out)
	}
	bad := filepath.Join(t.TempDir(), "bad")
	require.NoError(t, os.WriteFile(bad, []byte("no key"), 0o600))
	_, err := keysIn(t, dir, "import", "other", bad)
	assert.ErrorIs(t, err, keys.ErrMalformed)
}

func TestImportFromStandardInput(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	_, err = w.WriteString(id.Reveal())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	var stdout, stderr bytes.Buffer
	c := &command{stdin: r, stdout: &stdout, stderr: &stderr}
	require.NoError(t, c.run(t.Context(), []string{"-dir", folder(t), "import", "bot", "-"}))
	assert.Contains(t, stdout.String(), id.String())
	assert.Contains(t, stderr.String(), "read as sam")
}

func passphraseFile(t *testing.T, text string) string {
	file := filepath.Join(t.TempDir(), "passphrase")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestEncrypt(t *testing.T) {
	dir := folder(t)
	shown := must(t, dir, "create", "bot")
	must(t, dir, "rotate", "bot")
	must(t, dir, "restore", "bot")
	plain := secrets(t, dir)
	require.Len(t, plain, 2)
	one, two := passphraseFile(t, "one\n"), passphraseFile(t, "two\r\n")
	must(t, dir, "-new-passphrase-file", one, "encrypt")
	assert.Empty(t, secrets(t, dir))
	assert.Equal(t, shown, must(t, dir, "-passphrase-file", one, "show", "bot"))
	_, err := keysIn(t, dir, "-passphrase-file", two, "show", "bot")
	assert.ErrorIs(t, err, keys.ErrPassphrase)

	must(t, dir, "-passphrase-file", one, "-new-passphrase-file", two, "encrypt")
	assert.Equal(t, shown, must(t, dir, "-passphrase-file", two, "show", "bot"))
	_, err = keysIn(t, dir, "-passphrase-file", one, "list")
	assert.ErrorIs(t, err, keys.ErrPassphrase)
	_, err = keysIn(t, dir, "-passphrase-file", passphraseFile(t, "\n"), "list")
	assert.ErrorIs(t, err, keys.ErrPassphrase)
}

// TestFormerFolder: one that the version before has encrypted is used as it was, and files that are put back need a word.
func TestFormerFolder(t *testing.T) {
	dir, former := folder(t), filepath.Join("..", "..", "keys", "testdata", "former")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.CopyFS(dir, os.DirFS(former)))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, file := range append(files, filepath.Join(dir, ".sealed")) {
		require.NoError(t, os.Chmod(file, 0o600))
	}
	pass := passphraseFile(t, "former")
	assert.Contains(t, must(t, dir, "-passphrase-file", pass, "show", "bot"), "zxnvjqgauzt6olailpd7vhree2s64ysy2gdsa4vt6bsheai7cpjq.b32.i2p")
	assert.Contains(t, must(t, dir, "-passphrase-file", pass, "show", "second"), "of other")
	must(t, dir, "-passphrase-file", pass, "rename", "second", "third")

	backup, err := os.ReadFile(filepath.Join(dir, "bot.key"))
	require.NoError(t, err)
	first := must(t, dir, "-passphrase-file", pass, "show", "bot")
	must(t, dir, "-passphrase-file", pass, "rotate", "bot")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bot.key"), backup, 0o600))
	_, err = keysIn(t, dir, "-passphrase-file", pass, "show", "bot")
	require.ErrorIs(t, err, keys.ErrAltered)
	third, away := filepath.Join(dir, "third.key"), filepath.Join(t.TempDir(), "third.key")
	require.NoError(t, os.Rename(third, away))
	assert.Regexp(t, `third +gone +-\n`, must(t, dir, "-passphrase-file", pass, "list"))
	assert.NotContains(t, must(t, dir, "-passphrase-file", pass, "-json", "list"), "0001-01-01")
	require.NoError(t, os.Rename(away, third))
	assert.Contains(t, must(t, dir, "-passphrase-file", pass, "adopt"), "third")
	assert.Equal(t, first, must(t, dir, "-passphrase-file", pass, "show", "bot"))
}

func TestWrongUse(t *testing.T) {
	dir := folder(t)
	for _, args := range [][]string{nil, {"none"}, {"show"}, {"show", "a", "b"}, {"list", "a"}, {"-x"}} {
		_, err := keysIn(t, dir, args...)
		assert.ErrorIs(t, err, errUsage, args)
	}
	_, err := keysIn(t, dir, "-h")
	assert.ErrorIs(t, err, flag.ErrHelp)
	assert.NoDirExists(t, dir)
}
