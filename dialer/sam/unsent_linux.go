package sam

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/go-i2p/i2psocks/internal/inetdiag"
)

// unsent reports whether the router has yet to take bytes that were written to conn: our kernel has them still, or that
// of the router, if it is the same one.
func unsent(conn net.Conn, diag *inetdiag.Client) bool {
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
	if err == nil && queued > 0 {
		return true
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok || !isLoopback(tcp.RemoteAddr()) {
		return false
	}
	peer, err := diag.Peer(tcp)
	return err == nil && peer.Unread > 0
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
