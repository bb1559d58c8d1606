package inetdiag

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timeout bounds a question. The kernel answers before sending returns; this is for what only looks like it.
const timeout = 100 * time.Millisecond

var (
	errMultipath = errors.New("multipath TCP: the connection is not one socket")
	errElsewhere = errors.New("the connection is of another network namespace")
)

type client struct {
	mu   sync.Mutex
	fd   int
	open bool
	seq  uint32
}

// peer asks about conn itself first. That it is found, and is the same file, shows that the answers are about the
// network namespace of conn, and that the kernel knows TCP here at all, which it tells no otherwise than by ENOENT.
func (c *client) peer(conn *net.TCPConn) (Info, error) {
	l, lok := conn.LocalAddr().(*net.TCPAddr)
	r, rok := conn.RemoteAddr().(*net.TCPAddr)
	inode, err := inodeOf(conn)
	if err != nil || !lok || !rok {
		return Info{}, errors.Join(net.ErrClosed, err)
	}
	if used, err := conn.MultipathTCP(); used || err != nil {
		return Info{}, unsupported(errors.Join(errMultipath, err))
	}
	local, remote := l.AddrPort(), r.AddrPort()
	own, err := c.tcp(local, remote)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && uint64(own.Inode) != inode&(1<<32-1):
		return Info{}, unsupported(errElsewhere)
	case err != nil:
		return Info{}, err
	}
	return c.tcp(remote, local)
}

// inodeOf returns the number of the socket among the open files.
func inodeOf(conn *net.TCPConn) (inode uint64, err error) {
	rc, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	var statErr error
	err = rc.Control(func(fd uintptr) { statErr = unix.Fstat(int(fd), &st) })
	return uint64(st.Ino), errors.Join(err, statErr)
}

func (c *client) tcp(local, remote netip.AddrPort) (Info, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.connect(); err != nil {
		return Info{}, classify("socket", err)
	}
	info, err := c.ask(local, remote)
	return info, classify("inet_diag", err)
}

// classify tells apart what fails now and what is not possible here, such as in a sandbox.
func classify(call string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN):
		return os.NewSyscallError(call, os.ErrDeadlineExceeded)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE),
		errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
		return os.NewSyscallError(call, err)
	}
	return unsupported(err)
}

// connect opens the socket if it is not. The caller holds mu, here and below.
func (c *client) connect() error {
	if c.open {
		return nil
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return err
	}
	limit := unix.NsecToTimeval(int64(timeout))
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
		unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})) // to the kernel, and from nobody else
	if err != nil {
		unix.Close(fd)
		return err
	}
	c.fd, c.open = fd, true
	return nil
}

// ask sends a question and waits for its answer, past those of earlier ones that came too late.
func (c *client) ask(local, remote netip.AddrPort) (Info, error) {
	c.seq++
	var question [headerSize + requestSize]byte
	if _, err := retry(func() (int, error) {
		return unix.Write(c.fd, appendQuestion(question[:0], c.seq, local, remote))
	}); err != nil {
		return Info{}, err
	}
	var buf [1024]byte
	for began := time.Now(); ; {
		n, err := retry(func() (int, error) { return unix.Read(c.fd, buf[:]) })
		if err != nil {
			return Info{}, err
		}
		info, err := parseAnswer(buf[:n], c.seq, local, remote)
		if err != errStale {
			return info, err
		}
		if time.Since(began) > timeout {
			return Info{}, unix.EAGAIN
		}
	}
}

// retry repeats a call that a signal interrupted.
func retry(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != syscall.EINTR {
			return n, err
		}
	}
}

func (c *client) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return nil
	}
	c.open = false
	return unix.Close(c.fd)
}
