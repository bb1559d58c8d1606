//go:build unix

package socks

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// ListenUnix listens on a unix socket at path to which only this user can connect: its mode is 0600, from the start
// and whatever the umask. An abandoned socket at path is replaced; for a socket in use, or any other file, ListenUnix
// fails with syscall.EADDRINUSE. Closing the listener removes the socket, if it is still the same. On Windows it
// fails with errors.ErrUnsupported.
//
// A relative path is relative to the current directory; the address of the listener is absolute.
func ListenUnix(path string) (net.Listener, error) {
	l, err := listenUnix(path)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Name: path, Net: "unix"}, Err: err}
	}
	return l, nil
}

// listenUnix makes the socket in a directory of its own, where nobody else can see it, and then
// links it to path, which fails if something is there.
func listenUnix(path string) (net.Listener, error) {
	if path == "" {
		return nil, os.ErrNotExist
	}
	path, err := filepath.Abs(path) // what begins with @ is no file to package net, and what is relative may become another
	if err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".socks")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	private := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: private, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	u := &unixListener{UnixListener: l, path: path}
	if err = os.Chmod(private, 0o600); err == nil {
		u.info, err = os.Lstat(private)
	}
	if err == nil {
		err = os.Link(private, path)
	}
	if errors.Is(err, os.ErrExist) {
		err = fmt.Errorf("%w: taken by another program just now", syscall.EADDRINUSE)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return u, nil
}

// removeStale makes sure that nothing is at path.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%w: not a socket", syscall.EADDRINUSE)
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) { // also what may not be asked is left alone
		return fmt.Errorf("%w: socket in use", syscall.EADDRINUSE)
	}
	return removeSame(path, info)
}

// removeSame removes path if it is still what it was.
func removeSame(path string, was os.FileInfo) error {
	if now, err := os.Lstat(path); err != nil || !os.SameFile(now, was) {
		return nil
	}
	return os.Remove(path)
}

type unixListener struct {
	*net.UnixListener
	path string
	info os.FileInfo
}

func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

func (l *unixListener) Close() error {
	removeSame(l.path, l.info)
	return l.UnixListener.Close()
}
