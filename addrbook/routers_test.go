package addrbook_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
)

func TestJavaBooks(t *testing.T) {
	a, b := destination(t), destination(t)
	private := "# petnames\na.i2p=" + a.Base64() + "\n"
	hosts := "b.i2p=" + b.Base64() + "#!date=1#sig=x\n"
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "privatehosts.txt"), []byte(private), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hosts.txt"), []byte(hosts+"bad line\n"), 0o600))
	_, err := addrbook.ReadJava(os.DirFS(dir), nil)
	assert.ErrorContains(t, err, "hosts.txt: addrbook: hosts line 2")
	var skipped []string
	books, err := addrbook.ReadJava(os.DirFS(dir), func(file string, e *addrbook.HostsError) error {
		skipped = append(skipped, file)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"hosts.txt"}, skipped)
	assert.Nil(t, books.User)
	assert.Equal(t, book{"a.i2p": a}, maps.Collect(books.Private.All()))

	out := t.TempDir()
	require.NoError(t, books.Write(out))
	for name, want := range map[string]string{"privatehosts.txt": private, "hosts.txt": hosts} {
		got, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	_, err = os.Stat(filepath.Join(out, "userhosts.txt"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.Error(t, books.Write(filepath.Join(out, "missing")))
}

func TestI2PDBook(t *testing.T) {
	a := vector(t, 0, 0x40).Destination()
	b := destination(t)
	dir := t.TempDir()
	want := book{"a.i2p": a, "alias.i2p": a, "b.i2p": b}
	require.NoError(t, addrbook.WriteI2PD(dir, hostsOf(t, want)))
	raw, err := os.ReadFile(filepath.Join(dir, "addressbook", "bb", "baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32"))
	require.NoError(t, err)
	assert.Equal(t, a.Bytes(), raw)
	table, err := os.ReadFile(filepath.Join(dir, "addressbook", "addresses.csv"))
	require.NoError(t, err)
	assert.Contains(t, string(table), "a.i2p,baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq\n")
	got, err := addrbook.ReadI2PD(os.DirFS(dir), nil)
	require.NoError(t, err)
	assert.Equal(t, want, maps.Collect(got.All()))
}

func TestI2PDBookBadLines(t *testing.T) {
	a, b := destination(t), destination(t)
	label := func(d keys.Destination) string { return strings.TrimSuffix(d.Base32(), ".b32.i2p") }
	file := func(d keys.Destination) string { return "addressbook/b" + label(d)[:1] + "/" + label(d) + ".b32" }
	lines := []string{
		"a.i2p," + label(a), "false.i2p," + label(b), "none.i2p," + label(destination(t)), "noComma", "A.i2p," + label(a), "router.i2p," + label(a),
		"up.i2p,../../etc/passwd", "enc.i2p,z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny", "",
	}
	dir := fstest.MapFS{
		"addressbook/addresses.csv": {Data: []byte(strings.Join(lines, "\r\n"))},
		"addressbook/local.csv":     {Data: []byte("sub.a.i2p," + label(a) + "\n")},
		file(a):                     {Data: a.Bytes()},
		file(b):                     {Data: a.Bytes()}, // not what its name says
	}
	var bad []int
	h, err := addrbook.ReadI2PD(dir, func(_ string, e *addrbook.HostsError) error {
		bad = append(bad, e.Line)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int{2, 3, 4, 6, 7, 8}, bad)
	assert.Equal(t, book{"a.i2p": a, "sub.a.i2p": a}, maps.Collect(h.All()))
	_, err = addrbook.ReadI2PD(dir, nil)
	var line *addrbook.HostsError
	require.ErrorAs(t, err, &line)
	assert.Equal(t, 2, line.Line)
	assert.ErrorIs(t, err, keys.ErrMalformed)
	_, err = addrbook.ReadI2PD(fstest.MapFS{}, nil)
	assert.True(t, errors.Is(err, fs.ErrNotExist))
}

func FuzzReadI2PD(f *testing.F) {
	d := destination(f)
	label := strings.TrimSuffix(d.Base32(), ".b32.i2p")
	f.Add("a.i2p,"+label+"\n", d.Bytes())
	f.Add("a.i2p,../x\r\n,\n", []byte{})
	f.Fuzz(func(t *testing.T, table string, dest []byte) {
		dir := fstest.MapFS{"addressbook/addresses.csv": {Data: []byte(table)}, "addressbook/b" + label[:1] + "/" + label + ".b32": {Data: dest}}
		h, err := addrbook.ReadI2PD(dir, func(string, *addrbook.HostsError) error { return nil })
		if err != nil {
			return
		}
		for _, got := range h.All() {
			require.Equal(t, dest, got.Bytes())
			require.Equal(t, d.Hash(), got.Hash())
		}
	})
}
