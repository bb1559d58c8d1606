package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

const (
	chokeProbe    = 2 * time.Second  // the least time between questions whether the peer still chokes
	maxChokeProbe = 30 * time.Second // the most
	chokeEvery    = 5 * time.Second  // between looks whether room has come from elsewhere
	unchokeTimes  = 8                // a lost unchoke stops i2pd for ever
)

// heardDelay follows what the peer says of delays: a choke, or its end.
func (s *Stream) heardDelay(p *packet.Packet) {
	switch {
	case p.Choke():
		s.peer.narrow()
		if !s.choked {
			s.choked, s.chokedFor = true, 0
			s.probeAt = s.e.now + s.chokeWait()
		} else if s.chokedFor > 0 {
			s.chokedFor = 1 // it lives
		}
		s.rtoAt, s.tailAt, s.lossAt = never, never, never
		s.rto.progress(s.e.now)
	case s.choked && p.Flags.Has(packet.DelayRequested):
		s.unchoked()
	}
}

func (s *Stream) chokeWait() time.Duration {
	return min(max(s.peer.rtt.timeout(), chokeProbe)<<min(s.chokedFor, 5), maxChokeProbe)
}

// probeChoked sends one segment though the peer wants none: i2pd does not repeat
// the packet that ends a choke, and takes data all the same.
func (s *Stream) probeChoked() {
	s.probeAt = never
	if !s.choked {
		return
	}
	s.chokedFor++
	if s.e.now-s.rto.progressAt >= s.e.conf.GiveUp {
		s.fail(ErrTimeout)
		return
	}
	s.probeAt = s.e.now + s.chokeWait()
	if s.queue.len() == 0 {
		s.rto.progress(s.e.now) // nothing waits to be sent
		return
	}
	s.probe(0)
}

func (s *Stream) unchoked() {
	s.choked, s.probeAt = false, never
	s.rto.progress(s.e.now)
	if s.sentLen > 0 {
		s.armRTO()
		s.armTail()
	}
	s.wake()
	s.peer.wake()
}
