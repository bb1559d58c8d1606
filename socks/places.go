package socks

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"time"
)

var errTooManyConns = errors.New("socks: too many connections")

const (
	// maxRefusing is how many clients beyond MaxConns get an answer at a time.
	maxRefusing = 32
	// Of all places this part is for clients whose handshake goes on, as anybody may begin one.
	entrantsPart = 4
	// A handshake gives way to a newcomer once it has lasted for patienceOfEntrants, or if there are crowdOfEntrants: or
	// where one place comes free at a time, a stream of newcomers would let none of them end its handshake.
	patienceOfEntrants = 100 * time.Millisecond
	crowdOfEntrants    = 8
)

// place is where an admitted client is counted. The mutex of the server guards it.
type place struct {
	refused bool       // beyond a limit, to be told so
	addr    netip.Addr // valid if the clients of its address are counted
	users   []*user    // set once, by identify: that of the credentials first

	entrant *list.Element // of the server's entrants, while the handshake goes on
	client  *conn         // whose handshake may be aborted
	since   time.Time     // when it came

	left chan struct{} // closed when the client is gone; nil unless it gave way
}

// admit counts a client in. It is nil for one that must be closed without a word.
func (s *Server) admit(client net.Addr) *place {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	p := &place{addr: s.countedAddr(client)}
	switch {
	case s.closed:
		return nil
	case (!p.addr.IsValid() || within(s.perAddr[p.addr], s.maxPerAddr)) && s.hasRoom():
		s.used[places]++
		if p.addr.IsValid() {
			s.perAddr[p.addr]++
		}
		p.since = time.Now()
		p.entrant = s.entrants.PushBack(p)
		return p
	case s.refusing < maxRefusing:
		s.refusing++
		return &place{refused: true}
	}
	return nil
}

// hasRoom makes sure that one more client has a place. The caller holds mu, here and in what follows.
func (s *Server) hasRoom() bool {
	if !within(s.entrants.Len(), s.maxEntrants) {
		s.evict(0, 0)
	}
	return within(s.used[places], s.limits[places]) || s.makeRoom() != nil
}

// makeRoom lets somebody give way: the stream that has been silent longest of those whose client has ended its direction and may
// be gone, else the client whose handshake has lasted longest, which may be one that never says anything. It is nil if
// all have to be let alone.
func (s *Server) makeRoom() *place {
	if l := s.halves.quietest(func(l *leaver) bool { return l.place != nil && !l.place.refused }); l != nil {
		s.giveWay(l.place)
		l.watch.end(errGaveWay)
		return l.place
	}
	return s.evict(patienceOfEntrants, crowdOfEntrants)
}

// evict ends the longest handshake if it has lasted so long, or if there are so many.
func (s *Server) evict(age time.Duration, crowd int) *place {
	oldest := s.entrants.Front()
	if oldest == nil {
		return nil
	}
	p := oldest.Value.(*place)
	if s.entrants.Len() < crowd && time.Since(p.since) < age {
		return nil
	}
	s.entrants.Remove(oldest)
	p.entrant = nil
	s.giveWay(p)
	if p.client != nil {
		p.client.abort(errTooManyConns)
	}
	return p
}

// giveWay frees the place of a client that is about to be ended.
func (s *Server) giveWay(p *place) {
	s.refuse(p)
	p.left = make(chan struct{})
	s.totals.GaveWay++
}

// refuse takes a client that is served for one that is not.
func (s *Server) refuse(p *place) {
	s.countOut(p)
	p.refused = true
	s.refusing++
}

// heed lets the handshake of a client be aborted.
func (s *Server) heed(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shaking[c] = struct{}{}
	c.place.client = c
	switch { // what came before
	case c.place.left != nil:
		c.abort(errTooManyConns)
	case s.closed:
		c.abort(ErrServerClosed)
	}
}

// unheed is the end of that. It returns why the handshake was aborted, or nil.
func (s *Server) unheed(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.shaking, c)
	c.place.client = nil
	return c.aborted
}

// entered notes that the handshake is over; the place is the client's now, or is refused.
func (s *Server) entered(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.entrant != nil {
		s.entrants.Remove(p.entrant)
	}
	p.entrant = nil
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
	if p.left != nil {
		close(p.left)
	}
	s.checkDrained()
}

// countOut takes back what was counted for a client that is served. The caller holds mu.
func (s *Server) countOut(p *place) {
	s.used[places]--
	s.leaves(p.users, places)
	if !p.addr.IsValid() {
		return
	}
	if s.perAddr[p.addr]--; s.perAddr[p.addr] == 0 {
		delete(s.perAddr, p.addr)
	}
}

// countedAddr returns what counts as the address of a client. Without a limit of its own making a host program is not
// held to one by its own machine.
func (s *Server) countedAddr(client net.Addr) netip.Addr {
	ip := network(client)
	if ip.IsLoopback() && s.MaxConnsPerAddr == 0 {
		return netip.Addr{}
	}
	return ip
}

// network returns where a client is: its IP address, of IPv6 the network of 64 bits that one host may have. It is not
// valid if there is none.
func network(client net.Addr) netip.Addr {
	tcp, ok := client.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	if ip.Is6() && !ip.IsLoopback() {
		p, _ := ip.WithZone("").Prefix(64)
		return p.Addr()
	}
	return ip
}
