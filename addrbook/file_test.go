package addrbook_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

func openFile(t testing.TB, path string) *addrbook.File {
	f, err := addrbook.OpenFile(path)
	require.NoError(t, err)
	return f
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.txt")
	a, b := destination(t), destination(t)
	f := openFile(t, path)
	_, err := os.Stat(path)
	require.ErrorIs(t, err, fs.ErrNotExist, "looking makes no file")
	require.NoError(t, f.Add("a.i2p", a))
	assert.ErrorIs(t, f.Add("a.i2p", b), addrbook.ErrConflict)
	version := f.Version()
	require.NoError(t, f.Set("a.i2p", b))
	assert.NotEqual(t, version, f.Version())
	require.NoError(t, f.Add("b.i2p", b))
	require.NoError(t, f.Remove("b.i2p"))
	assert.ErrorIs(t, f.Remove("b.i2p"), addrbook.ErrNotFound)
	assert.Equal(t, book{"a.i2p": b}, maps.Collect(openFile(t, path).All()))
	if runtime.GOOS != "windows" {
		fi, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), fi.Mode().Perm())
	}
	assert.Equal(t, []string{"hosts.txt", "hosts.txt.lock"}, names(t, filepath.Dir(path)), "no temporary file stays")
}

func TestFileUpdateIsOneStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.txt")
	a, b := destination(t), destination(t)
	f := openFile(t, path)
	require.NoError(t, f.Add("a.i2p", a))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	stop := errors.New("stop")
	err = f.Update(func(h *addrbook.Hosts) error {
		require.NoError(t, h.Set("a.i2p", b))
		require.NoError(t, h.Add("b.i2p", b))
		return stop
	})
	assert.Equal(t, stop, err)
	assert.Equal(t, book{"a.i2p": a}, maps.Collect(f.All()))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestFileChangedByOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.txt")
	a, b := destination(t), destination(t)
	mine, theirs := openFile(t, path), openFile(t, path)
	require.NoError(t, theirs.Add("theirs.i2p", b))
	require.NoError(t, mine.Add("mine.i2p", a))
	assert.Equal(t, book{"theirs.i2p": b, "mine.i2p": a}, maps.Collect(mine.All()))
	require.NoError(t, theirs.Reload())
	assert.Equal(t, book{"theirs.i2p": b, "mine.i2p": a}, maps.Collect(theirs.All()))

	require.NoError(t, os.WriteFile(path, []byte("garbage\n"), 0o600))
	var bad *addrbook.HostsError
	assert.ErrorAs(t, mine.Reload(), &bad)
	assert.ErrorAs(t, mine.Add("c.i2p", a), &bad, "what cannot be read is not overwritten")
	assert.Len(t, maps.Collect(mine.All()), 2, "what was read before still counts")
	garbage, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "garbage\n", string(garbage))
	_, err = addrbook.OpenFile(path)
	assert.ErrorAs(t, err, &bad)

}

func names(t testing.TB, dir string) (all []string) {
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range list {
		all = append(all, e.Name())
	}
	return all
}

func TestFileIrregular(t *testing.T) {
	dir := t.TempDir()
	_, err := addrbook.OpenFile(dir)
	assert.Error(t, err)
	target := filepath.Join(dir, "target")
	link := filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(target, nil, 0o600))
	if os.Symlink(target, link) == nil {
		f := openFile(t, link)
		assert.Error(t, f.Add("a.i2p", destination(t)), "a link is not replaced")
		assert.Empty(t, maps.Collect(f.All()))
	}
	gone := openFile(t, filepath.Join(dir, "missing", "hosts.txt"))
	assert.Error(t, gone.Add("a.i2p", destination(t)))
	assert.Empty(t, maps.Collect(gone.All()), "what is not on the disk is not in the book")
}

func TestFileConcurrent(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "hosts.txt"))
	d := destination(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			assert.NoError(t, f.Add(string(rune('a'+i))+".i2p", d))
			f.Lookup(t.Context(), "a.i2p")
			for range f.All() {
			}
		})
	}
	wg.Wait()
	assert.Len(t, maps.Collect(f.All()), 8)
}

func TestWriteFileFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.txt")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	full := errors.New("disk full")
	err := addrbook.WriteFile(path, func(w io.Writer) error {
		w.Write(make([]byte, 1<<20)) // more than is buffered
		return full
	}, nil)
	assert.Equal(t, full, err)
	worse := errors.New("not what it should be")
	something := func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }
	assert.ErrorIs(t, addrbook.WriteFile(path, something, func(io.Reader) error { return worse }), worse)
	left, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "old", string(left))
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1)
}
