package sam

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

// spareFor is how long a spare connection waits at most, and how close upon each other dials must follow for there to be one.
const spareFor = time.Second

// spare is a connection to the bridge that has shaken hands and waits for the next dial, to which it saves two round trips.
// It is made only while dials follow close upon each other: a router gives each connection a thread.
type spare struct {
	mu     sync.Mutex
	conn   net.Conn    // nil for none
	until  time.Time   // when conn is closed
	timer  *time.Timer // for that; nil before the first
	making bool
	last   time.Time // when a stream was opened last
}

// take returns the connection, or nil.
func (s *spare) take() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn := s.conn
	s.conn = nil
	return conn
}

// wanted notes that a stream was opened, and reports whether a spare one is to be made for the next.
func (s *spare) wanted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	often := now.Sub(s.last) < spareFor
	s.last = now
	if !often || s.making || s.conn != nil {
		return false
	}
	s.making = true
	return true
}

// made puts in what was made, nil for nothing.
func (s *spare) made(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making = false
	if s.conn = conn; conn == nil {
		return
	}
	s.until = time.Now().Add(spareFor)
	if s.timer == nil {
		s.timer = time.AfterFunc(spareFor, s.expire)
	} else {
		s.timer.Reset(spareFor)
	}
}

func (s *spare) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil && !time.Now().Before(s.until) {
		s.conn.Close()
		s.conn = nil
	}
}

// close closes the connection that waits. None is made afterwards.
func (s *spare) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making = true
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// makeSpare prepares for the next dial if that is likely to come soon.
func (l *live) makeSpare() {
	if !l.spare.wanted() {
		return
	}
	l.task(func() {
		conn, err := l.open(l.ctx)
		if err != nil {
			conn = nil
		}
		l.spare.made(conn)
	})
}

// bySpare is openAnd by the spare connection. It returns nothing if there is none, or if it has died in the meantime.
func (l *live) bySpare(ctx context.Context, do func(net.Conn) error) (net.Conn, error) {
	conn := l.spare.take()
	if conn == nil {
		return nil, nil
	}
	err := interruptible(ctx, conn, func() error { return do(conn) })
	if err == nil {
		return conn, nil
	}
	conn.Close()
	if _, answered := errors.AsType[*ResultError](err); !answered && errors.Is(err, dialer.ErrRouterDown) && ctx.Err() == nil {
		return nil, nil
	}
	return nil, err
}
