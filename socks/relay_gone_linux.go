package socks

import (
	"errors"
	"io/fs"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/go-i2p/i2psocks/internal/inetdiag"
)

// canAsk reports whether the system may know what became of a client.
func canAsk(c net.Conn) bool {
	rc, _ := socket(c)
	return rc != nil
}

// askLife finds out about a client after the end of what it sends. before is what was found the last time.
//
// The kernel hangs up (POLLHUP) when both directions are over. On a unix socket that is the moment when the other
// program closes it or dies. TCP has but one message, FIN, for a half-close and for a close; only a reset tells more,
// which comes when what is written finds nobody. To probe by writing is out of the question: every byte belongs to the
// stream. But if the client is on this machine, its socket can be asked after: no program has it any more once it is
// closed. That nothing is found means no more than that, such as behind a translation of addresses, unless there was
// something before.
func askLife(c net.Conn, h *halfClosed, before life) life {
	rc, raw := socket(c)
	if rc == nil {
		return lifeUnknown
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		info, err := h.ask(tcp)
		switch {
		case err == nil && info.Inode == 0, before == lifeSeen && errors.Is(err, fs.ErrNotExist):
			return lifeOver
		case err == nil:
			return lifeSeen
		case hungUp(rc):
			return lifeOver
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errors.ErrUnsupported):
			return lifeUnknown
		}
		return before // of a kernel too busy just now
	}
	if hungUp(rc) {
		return lifeOver
	}
	return lifeSeen
}

func hungUp(rc syscall.RawConn) (yes bool) {
	err := rc.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd)}} // asks for nothing: POLLHUP and POLLERR come anyway
		_, err := unix.Poll(fds, 0)
		yes = err == nil && fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
	})
	return yes && err == nil
}

// ask asks after the other end of a connection. That the answers are about the connection's network namespace is
// found out once for each listener.
func (h *halfClosed) ask(c *net.TCPConn) (inetdiag.Info, error) {
	l, lok := c.LocalAddr().(*net.TCPAddr)
	r, rok := c.RemoteAddr().(*net.TCPAddr)
	if !lok || !rok {
		return inetdiag.Info{}, net.ErrClosed
	}
	local, remote := l.AddrPort(), r.AddrPort()
	h.mu.Lock()
	known := h.known == local
	h.mu.Unlock()
	if known {
		if used, err := c.MultipathTCP(); !used && err == nil {
			return h.diag.TCP(remote, local)
		}
	}
	info, err := h.diag.Peer(c)
	if err == nil {
		h.mu.Lock()
		h.known = local
		h.mu.Unlock()
	}
	return info, err
}
