//go:build !unix

package socks

import (
	"errors"
	"net"
)

// ListenUnix fails with [errors.ErrUnsupported]: no system but Unix keeps other users from a socket by its mode.
func ListenUnix(path string) (net.Listener, error) {
	return nil, &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Name: path, Net: "unix"}, Err: errors.ErrUnsupported}
}
