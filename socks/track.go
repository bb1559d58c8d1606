package socks

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
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
	s.perAddr = make(map[netip.Addr]int)
	s.users = make(map[string]*user)
	s.relays = make(map[*watch]struct{})
	s.shaking = make(map[*conn]struct{})
	s.limits = tally{
		places:       setting(s.MaxConns, defaultMaxConns()),
		pending:      setting(s.MaxPending, defaultMaxPending),
		associations: setting(s.MaxAssociations, defaultMaxAssociations),
	}
	s.maxPerAddr = setting(s.MaxConnsPerAddr, defaultMaxConnsPerAddr)
	if n := s.limits[places]; n > 0 {
		s.maxEntrants = max(crowdOfEntrants, n/entrantsPart)
	}
	s.listeners = make(map[*onceListener]struct{})
	s.budget = s.Budget
	if total := setting(s.ReadAheadTotal, defaultReadAheadTotal); total > 0 && s.budget == nil {
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

// stop refuses whatever is new: listeners, clients, and streams of clients that have none yet.
func (s *Server) stop() {
	for _, w := range s.refuseNew() {
		w.drain()
	}
}

// refuseNew does so, and returns the streams that are left. There are none if it was done before.
func (s *Server) refuseNew() (left []*watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	if s.closed {
		return nil
	}
	s.closed = true
	s.stopOpen(ErrServerClosed)
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.shaking {
		c.abort(ErrServerClosed)
	}
	s.checkDrained()
	return slices.Collect(maps.Keys(s.relays))
}

// cutAll ends all clients at once.
func (s *Server) cutAll() {
	s.cut(ErrServerClosed)
	s.mu.Lock()
	relays := slices.Collect(maps.Keys(s.relays))
	s.mu.Unlock()
	for _, w := range relays {
		w.end(ErrServerClosed)
	}
}

// relaying makes sure that a relay ends with the server.
func (s *Server) relaying(w *watch) {
	s.mu.Lock()
	s.relays[w] = struct{}{}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		w.drain()
	}
	if s.live.Err() != nil {
		w.end(ErrServerClosed)
	}
}

// relayed forgets a relay that is over.
func (s *Server) relayed(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.relays, w)
}

func (s *Server) checkDrained() {
	if s.closed && s.used[places]+s.refusing == 0 {
		s.halves.close()
		s.lot.Close()
		close(s.drained)
	}
}

// defaultMaxConns leaves most of the process's descriptors to the rest of it: a client costs two, and up to four more
// for pipes while bytes move.
func defaultMaxConns() int {
	if n, limited := descriptorLimit(); limited && n < 4*maxDefaultConns+64 {
		return max(4, (int(n)-64)/4)
	}
	return maxDefaultConns
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

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
