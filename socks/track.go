package socks

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

var errTooManyConns = errors.New("socks: too many connections")

// maxRefusing is how many clients beyond MaxConns get an answer at a time.
const maxRefusing = 32

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

// admit counts a client in. It is nil for one that must be closed without a word.
func (s *Server) admit(client net.Addr) *place {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	p := &place{addr: s.countedAddr(client)}
	perAddr := setting(s.MaxConnsPerAddr, defaultMaxConnsPerAddr)
	switch {
	case s.closed:
		return nil
	case (!p.addr.IsValid() || within(s.perAddr[p.addr], perAddr)) && (within(s.serving, setting(s.MaxConns, defaultMaxConns)) || s.evict()):
		s.serving++
		if p.addr.IsValid() {
			s.perAddr[p.addr]++
		}
		return p
	case s.refusing < maxRefusing:
		s.refusing++
		return &place{refused: true}
	}
	return nil
}

// within reports whether there may be one more; a limit of 0 is none.
func within(n, limit int) bool { return limit == 0 || n < limit }

// countedAddr returns what counts as the address of a client: of IPv6 the network of 64 bits that
// one host may have. Without a limit of its own making a host program is not held to one by its
// own machine.
func (s *Server) countedAddr(client net.Addr) netip.Addr {
	tcp, ok := client.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	if ip.IsLoopback() && s.MaxConnsPerAddr == 0 {
		return netip.Addr{}
	}
	if ip.Is6() {
		p, _ := ip.WithZone("").Prefix(64)
		return p.Addr()
	}
	return ip
}

// leave counts out a client that admit counted in.
func (s *Server) leave(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.refused {
		s.refusing--
	} else {
		s.countOut(p)
	}
	s.checkDrained()
}

// countOut takes back what was counted for a client that is served. The caller holds mu.
func (s *Server) countOut(p *place) {
	s.serving--
	if !p.addr.IsValid() {
		return
	}
	if s.perAddr[p.addr]--; s.perAddr[p.addr] == 0 {
		delete(s.perAddr, p.addr)
	}
}

// enter adds one to a number of the server's unless the limit is reached.
func (s *Server) enter(n *int, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !within(*n, limit) {
		return false
	}
	*n++
	return true
}

// exit takes back what enter added.
func (s *Server) exit(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n--
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
