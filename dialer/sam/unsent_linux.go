package sam

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unsent reports whether the router has yet to take bytes that were written to conn.
func unsent(conn net.Conn) bool {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	queued := 0
	err = raw.Control(func(fd uintptr) { queued, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return err == nil && queued > 0
}
