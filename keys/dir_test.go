package keys_test

import (
	"bufio"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// privateDir is a path for OpenDir to create.
func privateDir(t testing.TB) string { return filepath.Join(t.TempDir(), "keys") }

func openDir(t testing.TB, path string) *keys.Dir {
	d, err := keys.OpenDir(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func entries(t *testing.T, path string) []string {
	list, err := os.ReadDir(path)
	require.NoError(t, err)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestDirKeepsIdentities(t *testing.T) {
	path := privateDir(t)
	id, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)

	d, err := keys.OpenDir(path)
	require.NoError(t, err)
	require.NoError(t, d.Save(t.Context(), "bot", id))
	text, err := os.ReadFile(filepath.Join(path, "bot.key"))
	require.NoError(t, err)
	assert.Equal(t, vectorKey+"\n", string(text))
	assert.Equal(t, []string{".lock", "bot.key"}, entries(t, path), "no temporary file stays")
	require.NoError(t, d.Close())

	again, err := openDir(t, path).Load(t.Context(), "bot")
	require.NoError(t, err)
	assert.Equal(t, vectorKey, again.Reveal())
}

func TestDirClosed(t *testing.T) {
	d, err := keys.OpenDir(privateDir(t))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	_, err = d.Load(t.Context(), "bot")
	assert.ErrorIs(t, err, os.ErrClosed)
	assert.ErrorIs(t, d.Save(t.Context(), "bot", generate(t)), os.ErrClosed)
	assert.ErrorIs(t, d.Delete(t.Context(), "bot"), os.ErrClosed)
	_, err = d.Names(t.Context())
	assert.ErrorIs(t, err, os.ErrClosed)
	_, err = keys.LoadOrGenerate(t.Context(), d, "bot")
	assert.ErrorIs(t, err, os.ErrClosed)
}

func TestOpenDirRefuses(t *testing.T) {
	_, err := keys.OpenDir("")
	assertStoreError(t, err, "open", "", fs.ErrNotExist)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = keys.OpenDir(file)
	assert.Error(t, err)
}

func TestDirLock(t *testing.T) {
	path := privateDir(t)
	d, err := keys.OpenDir(path)
	require.NoError(t, err)
	_, err = keys.OpenDir(path)
	assertStoreError(t, err, "open", "", keys.ErrLocked)
	require.NoError(t, d.Close())
	openDir(t, path)
}

const holdEnv = "KEYS_TEST_HOLD_DIR"

// TestHoldDir is the other process of TestDirLockBetweenProcesses.
func TestHoldDir(t *testing.T) {
	path := os.Getenv(holdEnv)
	if path == "" {
		t.Skip("only runs as a child")
	}
	openDir(t, path)
	os.Stdout.WriteString("held\n")
	io.Copy(io.Discard, os.Stdin)
}

func TestDirLockBetweenProcesses(t *testing.T) {
	path := privateDir(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHoldDir$")
	cmd.Env = append(os.Environ(), holdEnv+"="+path)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)
	_, err = keys.OpenDir(path)
	assert.ErrorIs(t, err, keys.ErrLocked)

	require.NoError(t, stdin.Close())
	_, err = io.Copy(io.Discard, out)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	openDir(t, path)
}

// A crash leaves a temporary file, before or after it was linked into place.
func TestDirAfterACrash(t *testing.T) {
	path := privateDir(t)
	d, err := keys.OpenDir(path)
	require.NoError(t, err)
	id := generate(t)
	require.NoError(t, d.Save(t.Context(), "linked", id))
	require.NoError(t, d.Close())

	require.NoError(t, os.WriteFile(filepath.Join(path, ".new-HALF"), []byte(vectorKey[:100]), 0o600))
	require.NoError(t, os.Link(filepath.Join(path, "linked.key"), filepath.Join(path, ".new-LINKED")))
	require.NoError(t, os.WriteFile(filepath.Join(path, "notes.txt"), []byte("mine"), 0o600))

	d = openDir(t, path)
	assert.Equal(t, []string{".lock", "linked.key", "notes.txt"}, entries(t, path))
	got, err := d.Load(t.Context(), "linked")
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), got.Reveal())
	names, err := d.Names(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"linked"}, names)
}

func TestDirDamagedFile(t *testing.T) {
	tests := map[string]struct {
		text string
		want error
	}{
		"empty":          {"", keys.ErrMalformed},
		"only a newline": {"\n", keys.ErrMalformed},
		"cut short":      {vectorKey[:500], keys.ErrMalformed},
		"public only":    {vectorDest + "\n", keys.ErrMalformed},
		"two lines":      {vectorDest + "\n" + vectorKey, keys.ErrMalformed},
		"two newlines":   {vectorKey + "\n\n", keys.ErrMalformed},
		"binary":         {string(vectorBytes(t)), keys.ErrMalformed},
		"too large":      {strings.Repeat("A", 64<<10+1), keys.ErrMalformed},
		"offline-signed": {i2pBase64.EncodeToString(append(vectorBytes(t)[:647], make([]byte, 166)...)), keys.ErrUnsupported},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := openDir(t, privateDirWith(t, "bot.key", tt.text))
			_, err := d.Load(t.Context(), "bot")
			assertStoreError(t, err, "load", "bot", tt.want)
			assertRedacted(t, err.Error())
			_, err = keys.LoadOrGenerate(t.Context(), d, "bot")
			assert.ErrorIs(t, err, tt.want, "never replaced by a new one")
			assert.ErrorIs(t, d.Save(t.Context(), "bot", generate(t)), fs.ErrExist)
		})
	}
	t.Run("without a newline", func(t *testing.T) {
		d := openDir(t, privateDirWith(t, "bot.key", vectorKey))
		id, err := d.Load(t.Context(), "bot")
		require.NoError(t, err)
		assert.Equal(t, vectorKey, id.Reveal())
	})
}

// privateDirWith makes a store directory with one file in it, and checks at the
// end of the test that its bytes and mode are what they were.
func privateDirWith(t *testing.T, name, text string) string {
	path := privateDir(t)
	require.NoError(t, os.Mkdir(path, 0o700))
	file := filepath.Join(path, name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	t.Cleanup(func() { assertFile(t, file, text, 0o600) })
	return path
}

func assertFile(t *testing.T, file, text string, perm fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, text, string(got))
	fi, err := os.Stat(file)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, perm, fi.Mode().Perm())
	}
}
