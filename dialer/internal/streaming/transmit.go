package streaming

import (
	"math"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// transmit sends the segment at place i, again or for the first time.
func (s *Stream) transmit(i int, b []byte) Outgoing {
	now := s.e.now
	g := *s.queue.at(i)
	first := g.sends == 0
	if first {
		s.sentLen++
		if s.rtoAt == never {
			s.rto.progressAt = now
		}
	}
	if g.lost {
		g.lost = false
		s.lostLen--
	} else if !first && g.counted() {
		s.inflight--
		s.peer.inflight--
	}
	g.sends++
	g.last = now
	if g.counted() {
		g.stamp = s.peer.control.Sent(now, s.peer.inflight)
		s.inflight++
		s.peer.inflight++
	}
	if s.rtoAt == never {
		s.armRTO()
	}
	s.armTail()
	o := s.encodeSegment(g, i, b)
	if s.unproven() {
		s.granted -= len(o.Bytes) - len(b)
	}
	return o
}

// encodeSegment makes the packet of a segment.
func (s *Stream) encodeSegment(g *segment, i int, b []byte) Outgoing {
	p := &s.e.outgoing
	*p = packet.Packet{SendID: s.remote, ReceiveID: s.local, Sequence: s.base + uint32(i), Flags: g.flags, Payload: g.data, Nacks: p.Nacks[:0]}
	p.ResendDelay = byte(min(s.timeout()/time.Second, math.MaxUint8))
	s.fillAck(p)
	switch {
	case g.flags.Has(packet.SYN):
		s.fillSYN(p)
	case s.choking:
		p.Flags |= packet.DelayRequested
		p.Delay = packet.SendChoke
	case s.wantsQuickAck(g, i):
		p.Flags |= packet.DelayRequested
		p.Delay = 0
		s.askedAt = s.e.now
	}
	return s.encode(p, b)
}

// wantsQuickAck asks for an acknowledgement at once some times in a round trip,
// which finds losses soon and costs the peer little, and when nothing follows that would bring one.
func (s *Stream) wantsQuickAck(g *segment, i int) bool {
	every := s.peer.control.MinRTT() / 8
	return s.e.now-s.askedAt >= every || g.sends > 1 || g.flags != 0 || i == s.queue.len()-1
}

// encode signs for later what has to be signed.
func (s *Stream) encode(p *packet.Packet, b []byte) Outgoing {
	if p.Flags&(packet.SYN|packet.Close|packet.Reset) != 0 {
		p.Flags |= packet.SignatureIncluded
		p.Signature = zeros[:s.e.signatureLen]
	}
	o := Outgoing{To: s.peer.dest, SourcePort: s.localPort, DstPort: s.remotePort, Stream: s, Opens: p.Flags.Has(packet.SYN)}
	if len(p.Payload) > 0 || o.Opens {
		o.Useful = s.timeout()
	}
	return finishPacket(o, p, b)
}

// zeros is the place of a signature that is still to be made; the longest known has 132 bytes.
var zeros [256]byte

// finishPacket encodes p behind b. It cannot fail: fields and flags are always set together here.
func finishPacket(o Outgoing, p *packet.Packet, b []byte) Outgoing {
	out, err := p.Append(b)
	if err != nil {
		panic("streaming: made a malformed packet: " + err.Error())
	}
	o.Bytes, o.offset = out, len(b)
	o.signatureAt, o.signatureLen = p.SignatureAt()
	return o
}
