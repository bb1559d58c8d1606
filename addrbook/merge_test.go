package addrbook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

func TestMergeRefusesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, b := range []addrbook.JavaBooks{{}, {Router: new(addrbook.Hosts)}, {Private: new(addrbook.Hosts), User: new(addrbook.Hosts)}} {
		_, err := b.Merge(dir)
		assert.ErrorIs(t, err, addrbook.ErrEmpty)
	}
	_, err := addrbook.MergeI2PD(dir, new(addrbook.Hosts))
	assert.ErrorIs(t, err, addrbook.ErrEmpty)
	assert.Empty(t, names(t, dir))
}

// A router that was at work between a merge and its writing keeps what it wrote.
func TestMergeChangedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hosts.txt")
	first := addrbook.JavaBooks{Router: hostsOf(t, book{"a.i2p": destination(t)})}
	second := addrbook.JavaBooks{Router: hostsOf(t, book{"b.i2p": destination(t)})}
	for range 2 { // once without a file, once with one
		m, err := first.Merge(dir)
		require.NoError(t, err)
		write(t)(second.Merge(dir))
		before := read(t, path)
		assert.ErrorIs(t, m.Write(), addrbook.ErrChanged)
		assert.Equal(t, before, read(t, path))
		second.Router = hostsOf(t, book{"c.i2p": destination(t)})
	}
}

// Each replacement keeps what it replaces, and no backup replaces another.
func TestMergeBackups(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hosts.txt")
	var texts []string
	for _, name := range []string{"a.i2p", "b.i2p", "c.i2p", "d.i2p"} {
		write(t)(addrbook.JavaBooks{Router: hostsOf(t, book{name: destination(t)})}.Merge(dir))
		texts = append(texts, read(t, path))
	}
	assert.Equal(t, []string{"hosts.txt", "hosts.txt.bak", "hosts.txt.bak2", "hosts.txt.bak3"}, names(t, dir))
	for i, suffix := range []string{".bak", ".bak2", ".bak3", ""} {
		assert.Equal(t, texts[i], read(t, path+suffix))
	}

	fi, err := os.Stat(path)
	require.NoError(t, err)
	assert.ErrorIs(t, addrbook.CopyFile(path, path+".bak", fi), os.ErrExist)
	require.NoError(t, addrbook.CopyFile(path, path+".copy", fi))
	assert.Equal(t, texts[3], read(t, path+".copy"))
}

// What cannot be kept as it stands is not replaced.
func TestMergeUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hosts.txt")
	b := addrbook.JavaBooks{Router: hostsOf(t, book{"a.i2p": destination(t)})}
	require.NoError(t, os.WriteFile(path, make([]byte, 1<<20), 0o644)) // one line
	_, err := b.Merge(dir)
	assert.Error(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o755))
	_, err = b.Merge(dir)
	assert.Error(t, err)
	missing := filepath.Join(dir, "missing")
	_, err = b.Merge(missing)
	assert.ErrorIs(t, err, os.ErrNotExist, "no directory of a router")
	_, err = addrbook.MergeI2PD(missing, b.Router)
	assert.ErrorIs(t, err, os.ErrNotExist)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = addrbook.MergeI2PD(file, b.Router)
	assert.Error(t, err)
	assert.NoDirExists(t, missing)
}

// Folders that are made are flushed into those above them, the uppermost first.
func TestMakeDirLasts(t *testing.T) {
	dir := t.TempDir()
	synced, err := addrbook.MakeDir(filepath.Join(dir, "a", "b", "c"))
	require.NoError(t, err)
	assert.Equal(t, []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")}, synced)
	synced, err = addrbook.MakeDir(filepath.Join(dir, "a", "b", "c"))
	require.NoError(t, err)
	assert.Empty(t, synced)
}

// FuzzMerge: whatever a router's files hold, they begin with it afterwards, and what was added is there.
func FuzzMerge(f *testing.F) {
	a := destination(f)
	f.Add("old.i2p=" + a.Text() + "\r\n# x\nbad")
	f.Add("\ufeffnew.i2p=" + a.Base32() + "\nnew.i2p=" + a.Text())
	f.Add("old.i2p," + label(a) + "\r\n\nnew.i2p,x\nnew.i2p," + label(a))
	f.Fuzz(func(t *testing.T, old string) {
		dir := t.TempDir()
		own := hostsOf(t, book{"new.i2p": a})
		java, table := filepath.Join(dir, "hosts.txt"), filepath.Join(dir, "addressbook", "addresses.csv")
		require.NoError(t, os.Mkdir(filepath.Dir(table), 0o700))
		require.NoError(t, os.WriteFile(java, []byte(old), 0o600))
		require.NoError(t, os.WriteFile(table, []byte(old), 0o600))

		merged := func(path string, m *addrbook.Merge, err error) bool {
			if err == nil {
				require.NoError(t, m.Write())
			}
			require.True(t, strings.HasPrefix(read(t, path), old))
			return err == nil && len(m.Added) == 1
		}
		m, err := addrbook.JavaBooks{Router: own}.Merge(dir)
		if merged(java, m, err) {
			books, err := addrbook.ReadJava(os.DirFS(dir), func(string, *addrbook.HostsError) error { return nil })
			require.NoError(t, err)
			got, err := books.Router.Lookup(t.Context(), "new.i2p")
			require.NoError(t, err)
			require.Equal(t, a, got)
		}
		m, err = addrbook.MergeI2PD(dir, own)
		if merged(table, m, err) {
			h, err := addrbook.ReadI2PD(os.DirFS(dir), func(string, *addrbook.HostsError) error { return nil })
			require.NoError(t, err)
			got, err := h.Lookup(t.Context(), "new.i2p")
			require.NoError(t, err)
			require.Equal(t, a, got)
		}
	})
}
