package addrbook_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

// Two programs change one file at the same time, and lose nothing.
func TestFileTwoWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.txt")
	d := destination(t)
	one, two := openFile(t, path), openFile(t, path)
	var wg sync.WaitGroup
	err := one.Update(func(h *addrbook.Hosts) error {
		began := make(chan struct{})
		wg.Go(func() {
			close(began)
			assert.NoError(t, two.Add("two.i2p", d))
		})
		<-began
		return h.Add("one.i2p", d)
	})
	require.NoError(t, err)
	wg.Wait()
	for i, f := range []*addrbook.File{one, two} {
		wg.Go(func() {
			for n := range 20 {
				assert.NoError(t, f.Add(fmt.Sprintf("n%d-%d.i2p", i, n), d))
			}
		})
	}
	wg.Wait()
	assert.Len(t, maps.Collect(openFile(t, path).All()), 42)
}

// A change waits for another one, but not for ever, and a lookup does not wait at all.
func TestFileLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "hosts.txt")
		d := destination(t)
		one, two := openFile(t, path), openFile(t, path)
		require.NoError(t, one.Add("a.i2p", d))
		require.NoError(t, two.Reload())
		err := one.Update(func(h *addrbook.Hosts) error {
			began := time.Now()
			assert.ErrorIs(t, two.Add("b.i2p", d), addrbook.ErrLocked)
			assert.Equal(t, 20*time.Second, time.Since(began))
			_, err := two.Lookup(t.Context(), "a.i2p")
			assert.NoError(t, err)
			return h.Add("c.i2p", d)
		})
		require.NoError(t, err)
		assert.NoError(t, two.Add("b.i2p", d))
	})
}

// A file that was there and is gone is not an empty one: not for who has read it, nor for who has not.
func TestFileGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.txt")
	d := destination(t)
	f := openFile(t, path)
	for i := range 100 {
		require.NoError(t, f.Add(fmt.Sprintf("n%d.i2p", i), d))
	}
	require.NoError(t, os.Rename(path, path+"~"))
	assert.ErrorIs(t, f.Add("new.i2p", d), addrbook.ErrGone)
	assert.ErrorIs(t, f.Reload(), addrbook.ErrGone)
	assert.Len(t, maps.Collect(f.All()), 100, "what was read still counts")
	_, err := addrbook.OpenFile(path)
	assert.ErrorIs(t, err, addrbook.ErrGone)
	assert.NoFileExists(t, path)

	require.NoError(t, os.Rename(path+"~", path))
	require.NoError(t, f.Add("new.i2p", d))
	assert.Len(t, maps.Collect(openFile(t, path).All()), 101)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Remove(path+".lock"))
	assert.ErrorIs(t, f.Add("new.i2p", d), addrbook.ErrGone, "who has read it knows better")
	again := openFile(t, path)
	require.NoError(t, again.Add("new.i2p", d), "without the lock it begins anew")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, f.Reload(), "an empty file is one")
}

// What a crash has left is swept by the next change, and nothing else is.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hosts.txt")
	left := ".addrbook-hosts.txt-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, name := range []string{left, ".addrbook-hosts.txt-x", ".addrbook-hosts.txt.bak-ABCDEFGHIJKLMNOPQRSTUVWXYZ", ".addrbook-other-ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".addrbook-hosts.txt-ABCDEFGHIJKLMNOPQRSTUVWXY2"), 0o700))
	require.NoError(t, openFile(t, path).Add("x.i2p", destination(t)))
	assert.NotContains(t, names(t, dir), left)
	assert.Len(t, names(t, dir), 6, "the file, its lock, and what is somebody else's")

	s, _ := subscribe(t, at("n.i2p", identity(t), ""))
	s.Path = path + "2"
	left = filepath.Join(dir, ".addrbook-hosts.txt2-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	require.NoError(t, os.WriteFile(left, []byte("x"), 0o600))
	fetch(t, s)
	assert.NoFileExists(t, left)
}

// Two programs have one subscription: what one has learnt is not undone by the other, be the answer that
// nothing is new, or an older text.
func TestSubscriptionTwoPrograms(t *testing.T) {
	a, b := identity(t), identity(t)
	old := at("n.i2p", a, "")
	moved := signed(t, at("n.i2p", b, fmt.Sprintf("action=changedest#date=%d#olddest=%s", time.Now().Unix(), b64(a))), &a, &b)
	daemon, f := subscribe(t, old)
	f.header = http.Header{"Etag": {`"1"`}}
	tool := &addrbook.Subscription{URL: daemon.URL, Path: daemon.Path, Dialer: daemon.Dialer}
	fetch(t, daemon)

	f.header = http.Header{"Etag": {`"2"`}}
	f.says(moved)
	assert.Equal(t, 1, fetch(t, tool).Applied)
	f.header = http.Header{"Etag": {`"1"`}} // the site is behind for once
	assert.True(t, fetch(t, daemon).NotModified)
	want := book{"n.i2p": whole(b)}
	assert.Equal(t, want, maps.Collect(daemon.All()), "it has read what the other has learnt")
	f.says(old, at("m.i2p", a, ""))
	f.header = nil
	assert.Equal(t, 1, fetch(t, daemon).Applied)
	want["m.i2p"] = whole(a)
	next := &addrbook.Subscription{URL: daemon.URL, Path: daemon.Path}
	assert.Equal(t, want, maps.Collect(next.All()))
	require.NoError(t, tool.ForgetVisits())
	assert.Equal(t, want, maps.Collect(tool.All()))

	require.NoError(t, os.Remove(daemon.Path))
	for _, s := range []*addrbook.Subscription{daemon, {URL: daemon.URL, Path: daemon.Path, Dialer: daemon.Dialer}} {
		_, err := s.Fetch(t.Context())
		assert.ErrorIs(t, err, addrbook.ErrGone)
	}
	assert.NoFileExists(t, daemon.Path)
}

// Those who begin a book at the same time have one book, which none of them takes for one that is gone.
func TestFileBegunTogether(t *testing.T) {
	d := destination(t)
	for range 20 {
		path := filepath.Join(t.TempDir(), "hosts.txt")
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				<-begin
				f, err := addrbook.OpenFile(path)
				if assert.NoError(t, err) {
					assert.NoError(t, f.Add(fmt.Sprintf("n%d.i2p", i), d))
				}
			})
		}
		close(begin)
		wg.Wait()
		assert.Len(t, maps.Collect(openFile(t, path).All()), 4)
	}
}

// What changes nothing is not written.
func TestFileUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.txt")
	f, d := openFile(t, path), destination(t)
	require.NoError(t, f.Add("a.i2p", d))
	before, err := os.Stat(path)
	require.NoError(t, err)
	version := f.Version()
	require.NoError(t, f.Add("a.i2p", hashOf(t, d)))
	require.NoError(t, f.Set("a.i2p", d))
	after, err := os.Stat(path)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after))
	assert.Equal(t, version, f.Version())
}
