package addrbook_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

func TestReadJava(t *testing.T) {
	a, b := destination(t), destination(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "privatehosts.txt"), []byte("# petnames\na.i2p="+a.Text()+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hosts.txt"), []byte("b.i2p="+b.Text()+"#!date=1#sig=x\nbad line\n"), 0o600))
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
	assert.Equal(t, book{"b.i2p": b}, maps.Collect(books.Router.All()))
}

// A merge adds what is new, and leaves every byte of what was there, bad lines and double ones included.
func TestMergeJava(t *testing.T) {
	a, b, c := destination(t), destination(t), destination(t)
	dir := t.TempDir()
	private := "\ufeffa.i2p=" + a.Text() + "\r\n"
	hosts := "b.i2p=" + b.Text() + "#!date=1#sig=x\nbad line\nb.i2p=" + c.Text() + "\n#end"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "privatehosts.txt"), []byte(private), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hosts.txt"), []byte(hosts), 0o644))
	own := hostsOf(t, book{"a.i2p": b, "b.i2p": b, "c.i2p": c, "hash.i2p": hashOf(t, c)})

	m, err := addrbook.JavaBooks{Router: own}.Merge(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"c.i2p"}, m.Added)
	assert.Equal(t, 1, m.Unchanged)
	assert.Equal(t, []*addrbook.ConflictError{{Name: "a.i2p", Known: a, Offered: b}}, m.Conflicts, "the router asks its private names first")
	assert.Equal(t, []string{"hash.i2p"}, m.Skipped)
	assert.Equal(t, []string{filepath.Join(dir, "hosts.txt")}, m.Files)
	assert.Equal(t, hosts, read(t, dir, "hosts.txt"), "nothing is done before Write")

	require.NoError(t, m.Write())
	assert.Equal(t, hosts+"\nc.i2p="+c.Text()+"\n", read(t, dir, "hosts.txt"))
	assert.Equal(t, private, read(t, dir, "privatehosts.txt"))
	assert.Equal(t, hosts, read(t, dir, "hosts.txt.bak"))
	assert.Equal(t, []string{filepath.Join(dir, "hosts.txt.bak")}, m.Backups)

	m, err = addrbook.JavaBooks{Router: own}.Merge(dir)
	require.NoError(t, err)
	assert.Empty(t, m.Added)
	assert.Empty(t, m.Files, "what changes nothing is not written")
	require.NoError(t, m.Write())

	m, err = addrbook.JavaBooks{User: hostsOf(t, book{"u.i2p": a}), Private: own}.Merge(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"u.i2p"}, m.Added)
	require.NoError(t, m.Write())
	assert.Equal(t, "u.i2p="+a.Text()+"\n", read(t, dir, "userhosts.txt"))
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(b)
}

func hashOf(t testing.TB, a addrbook.Address) addrbook.Address {
	h, err := addrbook.ParseAddress(a.Base32())
	require.NoError(t, err)
	return h
}

// write carries a merge out that could be made.
func write(t testing.TB) func(*addrbook.Merge, error) {
	return func(m *addrbook.Merge, err error) {
		t.Helper()
		require.NoError(t, err)
		require.NoError(t, m.Write())
	}
}
