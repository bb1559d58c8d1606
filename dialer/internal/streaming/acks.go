package streaming

import (
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// acknowledged takes in what a packet says of what has arrived. It reports
// whether the packet can be one of this stream: nobody can acknowledge what was not sent.
func (s *Stream) acknowledged(p *packet.Packet) bool {
	if p.Flags.Has(packet.NoAck) {
		return true
	}
	through := int(int32(p.AckThrough - s.base))
	if through >= s.sentLen {
		return false
	}
	if through < 0 {
		return true // an old one
	}
	s.markMissing(p, through)
	now := s.e.now
	sample, some := instant(0), 0
	newestSent := instant(-1)
	for i := range through + 1 {
		place := s.queue.at(i)
		g := *place
		if g == nil || g.missing == s.ackRound {
			continue
		}
		*place = nil
		some++
		trip := s.delivered(g)
		if trip > 0 && g.last > newestSent {
			sample, newestSent = trip, g.last
		}
		s.e.memory.freeSegment(g)
	}
	if some > 0 {
		s.progressed(p, sample, now)
	}
	s.detectLoss()
	if some > 0 {
		s.peer.control.Acked(now, sample, s.peer.inflight)
		s.peer.wake()
	}
	return true
}

// markMissing gives the segments that the NACKs name the number of this packet.
func (s *Stream) markMissing(p *packet.Packet, through int) {
	s.ackRound++
	if p.Flags.Has(packet.SYN) && p.NamesReceiver() {
		return
	}
	for seq := range p.Nacks.All() {
		if i, ok := s.sent(seq); ok && i <= through {
			(*s.queue.at(i)).missing = s.ackRound
		}
	}
}

// delivered takes a segment off the books and returns its round trip, 0 when it
// cannot be told which sending has arrived.
func (s *Stream) delivered(g *segment) (trip instant) {
	now := s.e.now
	s.keep(-len(g.data))
	if s.buffered == 0 && len(g.data) > 0 {
		s.closeAt = now + closeQuiet
	}
	if g.lost {
		g.lost = false
		s.lostLen--
	} else if g.counted() {
		s.inflight--
		s.peer.inflight--
	}
	if s.readClosed && g.sends == 1 && g.last > s.readClosedAt && len(g.data) > 0 {
		s.peer.bearsHalf = true // it takes data after its own CLOSE
	}
	trip = now - g.last
	if !g.counted() {
		if g.sends == 1 {
			s.peer.rtt.guess(trip)
		}
		return 0
	}
	s.peer.control.Delivered(now, g.stamp)
	if g.sends > 1 && trip < s.peer.control.MinRTT()*9/10 {
		s.peer.control.Spurious()
		s.rack.spurious() // an earlier sending has arrived after all
		return 0
	}
	s.rack.delivered(g.last, trip)
	if g.sends > 1 {
		return 0
	}
	return trip
}

// progressed follows an acknowledgement of something new.
func (s *Stream) progressed(p *packet.Packet, sample, now instant) {
	s.acked = true
	if sample > 0 {
		s.peer.rtt.add(sample)
	}
	s.rto.progress(now)
	for s.sentLen > 0 && *s.queue.at(0) == nil {
		s.queue.pop()
		s.base++
		s.sentLen--
	}
	if s.queue.len() == 0 {
		s.queue.drop()
	}
	s.rtoAt, s.tailAt, s.tailProbed = never, never, false
	if s.sentLen > 0 {
		s.armRTO()
		s.armTail()
	}
	if s.choked && !p.Choke() && s.chokedFor > 0 {
		s.unchoked() // a probe has been taken
	}
	if s.buffered == 0 {
		s.queueClose()
	}
	s.extendLinger()
	s.changed()
	s.wake()
}
