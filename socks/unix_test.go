//go:build unix

package socks_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entries are the names in a directory.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// Lesson 16: a port that any local program can use. Not parallel: the umask is the process's.
func TestListenUnixIsPrivate(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o777} {
		path := filepath.Join(t.TempDir(), "socks")
		old := syscall.Umask(umask)
		l, err := socks.ListenUnix(path)
		syscall.Umask(old)
		if umask == 0o777 && err != nil {
			assert.NoFileExists(t, path) // not even its own directory is open to it
			continue
		}
		require.NoError(t, err)
		info, err := os.Lstat(path)
		require.NoError(t, err)
		assert.Equal(t, os.ModeSocket|0o600, info.Mode(), "umask %#o", umask)
		assert.Equal(t, path, l.Addr().String())
		assert.Equal(t, []string{"socks"}, entries(t, filepath.Dir(path)))
		require.NoError(t, l.Close())
		assert.Empty(t, entries(t, filepath.Dir(path)))
	}
}

func TestListenUnixServes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socks")
	l, err := socks.ListenUnix(path)
	require.NoError(t, err)
	var peers []*socks.Peer
	srv := &socks.Server{Dialer: &echo{}, Allow: socks.All(socks.I2POnly, func(_ context.Context, r *socks.Request) error {
		peers = append(peers, r.Peer)
		return nil
	})}
	serve(t, srv, l)
	conn, err := (&socks.Dialer{Network: "unix", Address: path}).Dial("tcp", "a.i2p:80")
	require.NoError(t, err)
	relayed(t, conn)
	conn.Close()
	require.NoError(t, srv.Shutdown(t.Context()))
	if runtime.GOOS == "linux" {
		assert.Equal(t, []*socks.Peer{{UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), PID: int32(os.Getpid())}}, peers)
	}
}

func TestUsers(t *testing.T) {
	r := &socks.Request{Peer: &socks.Peer{UID: 1000}}
	assert.NoError(t, socks.Users(0, 1000)(t.Context(), r))
	assert.Error(t, socks.Users(0)(t.Context(), r))
	assert.Error(t, socks.Users()(t.Context(), r))
	assert.Error(t, socks.Users(0)(t.Context(), &socks.Request{}), "nobody is not root")
}

func TestListenUnixReplacesOnlyWhatIsStale(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "socks")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	stale.SetUnlinkOnClose(false)
	require.NoError(t, stale.Close())

	live, err := socks.ListenUnix(path)
	require.NoError(t, err, "nobody listens there")
	_, err = socks.ListenUnix(path)
	assert.ErrorIs(t, err, syscall.EADDRINUSE, "somebody does")
	conn, err := net.Dial("unix", path)
	require.NoError(t, err, "and still does")
	conn.Close()

	// Closing must not remove what has taken the place since.
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	require.NoError(t, live.Close())
	assert.FileExists(t, path)
	_, err = socks.ListenUnix(path)
	assert.ErrorIs(t, err, syscall.EADDRINUSE, "a regular file")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(text))

	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), link))
	_, err = socks.ListenUnix(link)
	assert.ErrorIs(t, err, syscall.EADDRINUSE, "a symbolic link")
	_, err = socks.ListenUnix(filepath.Join(dir, "missing", "socks"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ElementsMatch(t, []string{"socks", "link"}, entries(t, dir))
}

// TestListenUnixMeansFiles: the path stays what it was where the process goes elsewhere, and one that begins with @ is no name of
// Linux's abstract sockets, which anybody may take.
func TestListenUnixMeansFiles(t *testing.T) {
	for _, name := range []string{"socks", "@socks"} {
		dir := t.TempDir()
		t.Chdir(dir)
		l, err := socks.ListenUnix(name)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, name), l.Addr().String())
		_, err = socks.ListenUnix(name)
		assert.ErrorIs(t, err, syscall.EADDRINUSE, name)
		t.Chdir(t.TempDir())
		conn, err := net.Dial("unix", l.Addr().String())
		require.NoError(t, err)
		conn.Close()
		require.NoError(t, l.Close())
		assert.Empty(t, entries(t, dir), name)
	}
}
