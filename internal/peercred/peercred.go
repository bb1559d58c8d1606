// Package peercred tells which user of this machine holds the other end of a connection. It asks
// the kernel, not the peer, so that a program that took a port of somebody else's is found out.
package peercred

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Why a user cannot be told. Test for them with [errors.Is].
var (
	// ErrNotHeld: no process holds the other end: it has not been accepted yet, or is closed.
	ErrNotHeld = errors.New("peercred: no process holds the other end")
	// ErrElsewhere: the other end is not in this network namespace, or of a user that has no
	// number in this user namespace. It takes a privileged user to arrange that, as for a
	// container whose port is forwarded.
	ErrElsewhere = errors.New("peercred: the other end belongs to another namespace")
)

// UID returns the number, in this process's user namespace, of the user who has the other end of c.
// Over TCP on loopback (IPv4, IPv6, or IPv4 on an IPv6 socket) that is the user who accepted, or
// who dialled; over a unix socket the user who dialled, or who called listen.
//
// A connection stands before anybody has accepted it, and then fails with ErrNotHeld: ask after
// the peer has said something. It fails with [errors.ErrUnsupported] for any other connection,
// for one that lives in another network namespace than the calling thread, and on any other
// system than Linux. c must be the plain connection or offer its SyscallConn.
//
// It is safe to call while c is in use.
func UID(c net.Conn) (int, error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("peercred: %T: %w", c, errors.ErrUnsupported)
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return 0, err
	}
	return uid(rc)
}
