package socks

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

var errTooManyConns = errors.New("socks: too many connections")

// maxRefusing is how many clients beyond MaxConns get an answer at a time.
const maxRefusing = 32

// place is where an admitted client is counted.
type place bool

const (
	served  place = true
	refused place = false
)

// init prepares the unexported fields. The caller holds mu.
func (s *Server) init() {
	if s.live != nil {
		return
	}
	s.live, s.cut = context.WithCancelCause(context.Background())
	s.open, s.stopOpen = context.WithCancelCause(s.live)
	s.drained = make(chan struct{})
	s.direct = s.listenerID()
	s.virtual = newVirtualTable(s.VirtualAddresses)
	s.listeners = make(map[*onceListener]struct{})
	if total := setting(s.ReadAheadTotal, defaultReadAheadTotal); total > 0 {
		s.budget = bytequeue.NewBudget(total)
	}
}

func (s *Server) track(l *onceListener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if !s.closed {
		s.listeners[l] = struct{}{}
	}
	return !s.closed
}

func (s *Server) untrack(l *onceListener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// admit counts a client in. It is false for one that must be closed without a word.
func (s *Server) admit() (place, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	limit := setting(s.MaxConns, defaultMaxConns)
	switch {
	case s.closed:
		return refused, false
	case limit == 0 || s.serving < limit:
		s.serving++
		return served, true
	case s.refusing < maxRefusing:
		s.refusing++
		return refused, true
	}
	return refused, false
}

// leave counts out a client that admit counted in.
func (s *Server) leave(p place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == served {
		s.serving--
	} else {
		s.refusing--
	}
	s.checkDrained()
}

// enterAssociation counts a UDP association in, if there may be one more.
func (s *Server) enterAssociation() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := setting(s.MaxAssociations, defaultMaxAssociations)
	if limit != 0 && s.assocs >= limit {
		return false
	}
	s.assocs++
	return true
}

func (s *Server) leaveAssociation() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.assocs--
}

// stop refuses whatever is new: listeners, clients, and streams of clients that have none yet.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if s.closed {
		return
	}
	s.closed = true
	s.stopOpen(ErrServerClosed)
	for l := range s.listeners {
		l.Close()
	}
	s.checkDrained()
}

func (s *Server) checkDrained() {
	if s.closed && s.serving+s.refusing == 0 {
		close(s.drained)
	}
}

// onceListener is closed by Serve and by stop, whoever comes first.
type onceListener struct {
	net.Listener
	once sync.Once
	err  error
}

func (l *onceListener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// isTemporary reports whether Accept may succeed later.
func isTemporary(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED} {
		if errors.Is(err, errno) {
			return true
		}
	}
	e, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && e.Temporary()
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
