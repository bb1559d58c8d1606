package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

const (
	maxAckDelay  = 200 * time.Millisecond
	soonAckDelay = 5 * time.Millisecond
	// with so many packets ahead, acknowledgements may be long, and are not sent for each that comes
	manyHoles = 64
	// so many packets are acknowledged at once: routers lose a destination to which they have sent
	// some hundred messages without any coming back
	ackEvery = 32
)

// scheduleAck acknowledges within a tenth of the round trip, and at once when the
// peer asks for it or has to send something again.
func (s *Stream) scheduleAck(soon bool) {
	s.unacked++
	soon = soon || s.unacked >= ackEvery
	wait := min(s.peer.rtt.smoothed/10, maxAckDelay)
	if s.peer.rtt.smoothed == 0 {
		wait = soonAckDelay
	}
	if soon {
		wait = min(wait, soonAckDelay)
	}
	if s.ahead.len() > manyHoles {
		wait = max(wait, soonAckDelay)
	}
	s.ackAt = min(s.ackAt, s.e.now+wait)
}

// fillAck says what has arrived. The holes that do not fit are left out by
// saying nothing of what is behind them.
func (s *Stream) fillAck(p *packet.Packet) {
	if s.remote == 0 {
		p.Flags |= packet.NoAck
		return
	}
	s.ackAt, s.unacked = never, 0
	through := s.next - 1
	for i := range s.ahead.len() {
		if *s.ahead.at(i) == nil {
			if p.Nacks.Len() == packet.MaxNacks {
				break
			}
			p.Nacks = p.Nacks.Add(s.next + uint32(i))
		}
		through = s.next + uint32(i)
	}
	p.AckThrough = through
}

// sendAck makes a plain acknowledgement.
func (s *Stream) sendAck(b []byte) Outgoing {
	p := &s.e.outgoing
	*p = packet.Packet{SendID: s.remote, ReceiveID: s.local, Nacks: p.Nacks[:0]}
	s.fillAck(p)
	switch {
	case s.choking:
		p.Flags |= packet.DelayRequested
		p.Delay = packet.SendChoke
	case s.unchoking > 0:
		p.Flags |= packet.DelayRequested
		s.unchoking--
	}
	return s.encode(p, b)
}

// startChoking asks for no more data: what would come now would be thrown away.
func (s *Stream) startChoking() {
	if !s.choking {
		s.choking, s.unchoking = true, 0
		s.urge(urgentAck)
	}
	s.chokeAt = s.e.now + chokeEvery
	s.scheduleAck(true)
}

// crowded reports whether it is time to choke, with room left for what is under way.
func (s *Stream) crowded(share int) bool {
	l := &s.e.conf.Limits
	return s.unread > l.ReceiveBuffer/share || s.unread > 0 && s.e.buffered > l.Buffered-l.Buffered/4
}

// hasRoom ends a choke when enough was read.
func (s *Stream) hasRoom() {
	if s.choking && s.state == open && !s.crowded(8) {
		s.choking, s.unchoking = false, unchokeTimes
		s.repeatChoke()
		s.arm()
	}
}

// repeatChoke tells the end of a choke again until data comes, as i2pd would wait
// for ever for a packet that was lost; and while choking looks for room.
func (s *Stream) repeatChoke() {
	s.chokeAt = never
	switch {
	case s.choking:
		s.chokeAt = s.e.now + chokeEvery
		s.hasRoom()
	case s.unchoking > 0:
		s.chokeAt = s.e.now + s.peer.rtt.timeout()
		s.urge(urgentAck)
	}
}
