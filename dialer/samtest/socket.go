package samtest

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// socket is the bridge's end of a client's connection. It waits on channels alone, so that time
// passes in a testing/synctest bubble.
type socket struct {
	net.Conn
	b    *Bridge
	deaf atomic.Bool // nothing is taken from the client any more
	mute atomic.Bool // nothing is sent to it any more
	over chan struct{}
	once sync.Once

	mu   sync.Mutex
	late chan struct{} // closed at the read deadline
	bell *time.Timer
}

func newSocket(b *Bridge, nc net.Conn) *socket {
	return &socket{Conn: nc, b: b, over: make(chan struct{}), late: make(chan struct{})}
}

// freeze waits while the router stands still.
func (s *socket) freeze() {
	if melted := s.b.ice.Load(); melted != nil {
		select {
		case <-*melted:
		case <-s.over:
		}
	}
}

// Read hands on what came, and the end, no sooner than a router that runs would see it.
func (s *socket) Read(p []byte) (int, error) {
	s.freeze()
	if err := s.ignore(); err != nil {
		return 0, err
	}
	n, err := s.Conn.Read(p)
	s.freeze()
	s.ignore() // what a read that was under way has brought
	return n, err
}

// ignore waits until the deadline or the end of the connection if it is deaf.
func (s *socket) ignore() error {
	if !s.deaf.Load() {
		return nil
	}
	s.mu.Lock()
	late := s.late
	s.mu.Unlock()
	select {
	case <-late:
		return os.ErrDeadlineExceeded
	case <-s.over:
		return net.ErrClosed
	}
}

// SetReadDeadline holds for the waiting of a deaf connection too.
func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	if s.bell != nil {
		s.bell.Stop()
		s.bell = nil
	}
	select {
	case <-s.late:
		s.late = make(chan struct{})
	default:
	}
	switch late := s.late; {
	case t.IsZero():
	case time.Until(t) <= 0:
		close(late)
	default:
		s.bell = time.AfterFunc(time.Until(t), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.late == late && s.bell != nil {
				s.bell = nil
				close(late)
			}
		})
	}
	s.mu.Unlock()
	return s.Conn.SetReadDeadline(t)
}

func (s *socket) Write(p []byte) (int, error) {
	s.freeze()
	if s.mute.Load() {
		<-s.over
	}
	return s.Conn.Write(p)
}

// CloseWrite ends the direction to the client.
func (s *socket) CloseWrite() error {
	s.freeze()
	if w, ok := s.Conn.(interface{ CloseWrite() error }); ok && !s.mute.Load() {
		return w.CloseWrite()
	}
	return nil
}

// SetLinger with 0 makes Close a reset.
func (s *socket) SetLinger(sec int) error {
	if l, ok := s.Conn.(interface{ SetLinger(int) error }); ok {
		return l.SetLinger(sec)
	}
	return nil
}

// Close closes the connection, which a router that stands still does later.
func (s *socket) Close() error {
	if melted := s.b.ice.Load(); melted != nil {
		s.b.nw.wg.Go(func() {
			<-*melted
			s.end()
		})
		return nil
	}
	return s.end()
}

func (s *socket) end() error {
	s.once.Do(func() { close(s.over) })
	return s.Conn.Close()
}

// wait waits, and reports false if the connection was closed here meanwhile.
func (s *socket) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.over:
		return false
	}
}
