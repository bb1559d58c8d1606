package parking

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

type lot struct {
	mu      sync.Mutex
	epoll   *os.File // nil until it is needed
	fd      int
	spots   map[uint64]*Spot
	last    uint64 // number that was given to a spot
	waiting bool   // the goroutine lives
	closed  bool
}

type spot struct {
	number uint64 // 0 while it is not parked
}

func (l *lot) park(s *Spot) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil {
		return err
	}
	l.last++
	s.number = l.last
	for _, c := range s.both() {
		if err := l.add(c, s.number); err != nil {
			l.forget(s)
			return err
		}
	}
	l.spots[s.number] = s
	if !l.waiting {
		l.waiting = true
		go l.wait()
	}
	return nil
}

// open makes the descriptor, which the runtime's own poller waits for. The caller holds mu, here and below.
func (l *lot) open() error {
	if l.closed {
		return ErrClosed
	}
	if l.epoll != nil {
		return nil
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or NewFile takes it for one that blocks
		unix.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	l.fd, l.epoll, l.spots = fd, os.NewFile(uintptr(fd), "epoll"), make(map[uint64]*Spot)
	return nil
}

// both are the sockets, with nil for none.
func (s *Spot) both() [2]syscall.RawConn { return [...]syscall.RawConn{s.A, s.B} }

func (l *lot) add(c syscall.RawConn, number uint64) (err error) {
	if c == nil {
		return nil
	}
	if e := c.Control(func(fd uintptr) {
		err = unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{
			Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: int32(uint32(number)), Pad: int32(number >> 32),
		})
	}); e != nil {
		return ErrClosed
	}
	return os.NewSyscallError("epoll_ctl", err)
}

// forget takes a spot out. Of a socket that was closed the system has done so.
func (l *lot) forget(s *Spot) {
	delete(l.spots, s.number)
	s.number = 0
	for _, c := range s.both() {
		if c != nil {
			c.Control(func(fd uintptr) { unix.EpollCtl(l.fd, unix.EPOLL_CTL_DEL, int(fd), nil) })
		}
	}
}

func (l *lot) leave(s *Spot) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.number == 0 {
		return false
	}
	l.forget(s)
	if len(l.spots) == 0 {
		l.epoll.SetReadDeadline(time.Unix(1, 0)) // the goroutine need not stay
	}
	return true
}

func (l *lot) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.spots)
}

func (l *lot) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.epoll != nil && len(l.spots) == 0 && !l.waiting {
		l.epoll.Close()
		l.epoll = nil
	}
}

// wait lives as long as something is parked.
func (l *lot) wait() {
	raw, err := l.epoll.SyscallConn()
	for sweep := time.Now().Add(sweepEvery); l.goesOn(sweep); {
		var events [64]unix.EpollEvent
		n := 0
		if err == nil {
			err = raw.Read(func(fd uintptr) bool {
				n, _ = unix.EpollWait(int(fd), events[:], 0)
				return n > 0
			})
		}
		late := errors.Is(err, os.ErrDeadlineExceeded)
		l.mu.Lock()
		woken := l.ready(events[:max(n, 0)])
		if err != nil { // after any other error than the deadline nothing can be waited for
			woken = append(woken, l.lost(!late)...)
		}
		l.mu.Unlock()
		for _, s := range woken {
			s.Wake()
		}
		if late {
			sweep, err = time.Now().Add(sweepEvery), nil
		}
	}
}

// goesOn sets until when the goroutine waits. It is false if it is to end.
func (l *lot) goesOn(sweep time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.spots) > 0 {
		l.epoll.SetReadDeadline(sweep)
		return true
	}
	l.waiting = false
	if l.closed {
		l.epoll.Close()
		l.epoll = nil
	}
	return false
}

// ready takes out the spots that events are about.
func (l *lot) ready(events []unix.EpollEvent) (found []*Spot) {
	for _, e := range events {
		if s := l.spots[uint64(uint32(e.Fd))|uint64(uint32(e.Pad))<<32]; s != nil {
			l.forget(s)
			found = append(found, s)
		}
	}
	return found
}

// lost takes out the spots with a socket that was closed, or all.
func (l *lot) lost(all bool) (found []*Spot) {
	for _, s := range l.spots {
		if all || isClosed(s.A) || isClosed(s.B) {
			l.forget(s)
			found = append(found, s)
		}
	}
	return found
}

func isClosed(c syscall.RawConn) bool { return c != nil && c.Control(func(uintptr) {}) != nil }
