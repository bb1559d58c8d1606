package socks

import (
	"container/list"
	"context"
	"net/netip"
)

// place is where an admitted client is counted.
type place struct {
	refused bool       // beyond a limit, to be told so
	addr    netip.Addr // valid if the clients of its address are counted

	// While the handshake goes on, mu of the server guards all of it.
	entrant *list.Element // of the server's entrants
	abort   context.CancelCauseFunc
}

// enters notes that a client begins its handshake, which abort ends. When all places are taken,
// the longest of them gives way to a newcomer: connections that say nothing must not lock out
// those that do.
func (s *Server) enters(p *place, abort context.CancelCauseFunc) {
	if p.refused {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.abort, p.entrant = abort, s.entrants.PushBack(p)
}

// entered notes that the handshake is over; the place is the client's now, or is refused.
func (s *Server) entered(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.entrant != nil {
		s.entrants.Remove(p.entrant)
	}
	p.entrant, p.abort = nil, nil
}

// evict makes room by ending the longest handshake; false if there is none. The caller holds mu.
func (s *Server) evict() bool {
	oldest := s.entrants.Front()
	if oldest == nil {
		return false
	}
	p := s.entrants.Remove(oldest).(*place)
	s.countOut(p)
	p.entrant, p.refused = nil, true
	s.refusing++
	p.abort(errTooManyConns)
	return true
}
