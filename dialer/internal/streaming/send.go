package streaming

import (
	"math"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/congestion"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// maxSequence is the last number that is used: i2pd compares them as signed ones.
const maxSequence = math.MaxInt32

// segment is one place in the sequence of a stream: a SYN, data, a CLOSE, or
// nothing, which only asks for an acknowledgement.
type segment struct {
	data    []byte
	flags   packet.Flags // SYN, CLOSE
	sends   int
	lost    bool // taken to be, and not sent again yet
	missing uint32
	last    instant // when it was last sent
	stamp   congestion.Stamp
}

// counted reports whether the window counts the segment. It leaves out SYNs, or
// dialling in vain would hold up the streams there are.
func (g *segment) counted() bool { return g.flags&packet.SYN == 0 }

// sender is the outgoing half of a stream.
type sender struct {
	queue    ring[*segment] // from the oldest unacknowledged one on; nil is acknowledged
	base     uint32         // sequence number of the first
	sentLen  int            // how many of the queue have been sent
	lostLen  int            // how many of those are lost
	inflight int            // how many of those are under way and counted
	granted  int            // bytes that may be sent while the peer is unproven
	buffered int            // bytes in the queue
	payload  int            // the largest payload

	rto      rtoState
	rtoAt    instant // retransmission time-out
	tailAt   instant // tail loss probe
	lossAt   instant // when something will be taken for lost
	probeAt  instant // while choked: when the peer is asked whether it still is
	probeSeq uint32  // what to send though no window allows it
	askedAt  instant // for a quick acknowledgement

	rack      rack
	ackRound  uint32 // numbers the packets whose NACKs are in segment.missing
	choked    bool   // the peer wants no more until it says so
	chokedFor int    // probes not answered
	writeShut bool   // CloseWrite or Close was called
	closeSent bool   // the CLOSE is in the queue, or was
	acked     bool   // the peer has acknowledged something

	tailProbed bool
}

// allArrived reports whether all has arrived, the CLOSE included. That may be acknowledged before what it is behind.
func (d *sender) allArrived() bool { return d.closeSent && d.queue.len() == 0 }

// end is the sequence number behind the queue.
func (d *sender) end() uint32 { return d.base + uint32(d.queue.len()) }

// sent returns the place of a segment that was sent and is not acknowledged.
func (d *sender) sent(seq uint32) (int, bool) {
	i := int(int32(seq - d.base))
	return i, i >= 0 && i < d.sentLen && *d.queue.at(i) != nil
}

// probe sends the segment at a place, the first unsent one at most, though no window allows it.
func (s *Stream) probe(i int) {
	s.probeSeq = s.base + uint32(i)
	s.urge(urgentSegment)
}

// probed returns the place of the segment to probe with, if it is still worth it.
func (d *sender) probed() (int, bool) {
	i := int(int32(d.probeSeq - d.base))
	return i, i >= 0 && i <= d.sentLen && i < d.queue.len() && *d.queue.at(i) != nil
}

// Write takes as much of b as the buffer has room for; 0 is to be tried again
// when the stream has changed. It fails when the stream takes no more.
func (s *Stream) Write(b []byte) (int, error) {
	switch {
	case s.appClosed:
		return 0, ErrClosed
	case s.writeShut:
		return 0, ErrWriteClosed
	case s.err != nil:
		return 0, s.err
	case s.state == ended || s.state == resetting:
		return 0, ErrClosedByPeer
	case s.end() >= maxSequence-wideSpan:
		return 0, ErrExhausted
	}
	n := min(len(b), s.sendRoom())
	s.enqueue(b[:n])
	s.wake()
	return n, nil
}

// Writable is how many bytes Write would take now.
func (s *Stream) Writable() int {
	if s.writeShut || s.err != nil || s.state == ended || s.state == resetting {
		return 0
	}
	return s.sendRoom()
}

// sendRoom is how many bytes the stream can take. Those that are not acknowledged share the memory for all: each may have as
// much as is free, so that there is always some for others, and one packet in any case, whose acknowledgement wakes it.
func (s *Stream) sendRoom() int {
	l := &s.e.conf.Limits
	free := max(l.Unacknowledged-s.e.unacknowledged, maxPayload)
	return max(min(l.SendBuffer, free)-s.buffered, 0)
}

// keep counts bytes that are to be sent.
func (s *Stream) keep(n int) {
	s.buffered += n
	s.e.unacknowledged += n
}

// enqueue cuts data into segments; it fills the last one first if that was not sent.
func (s *Stream) enqueue(b []byte) {
	s.keep(len(b))
	for len(b) > 0 {
		g := s.tail()
		if g == nil {
			g = s.e.memory.segment(len(b))
			if cap(g.data) == 0 {
				g.data = make([]byte, 0, min(len(b), s.payload))
			}
			s.queue.push(g)
		}
		n := min(len(b), s.room(s.queue.len()-1)-len(g.data))
		g.data = append(g.data, b[:n]...)
		b = b[n:]
	}
}

// tail is the last segment if it can take more data.
func (s *Stream) tail() *segment {
	if s.queue.len() == s.sentLen {
		return nil
	}
	g := *s.queue.at(s.queue.len() - 1)
	if g.flags != 0 || len(g.data) == 0 || len(g.data) >= s.room(s.queue.len()-1) {
		return nil
	}
	return g
}

// setPayload sets the largest payload, and cuts what waits anew when it has become smaller.
func (s *Stream) setPayload(n int) {
	n = max(min(n, s.e.conf.MaxPacketSize), minPayload)
	smaller := n < s.payload
	s.payload = n
	if !smaller {
		return
	}
	var waiting []*segment
	for s.queue.len() > s.sentLen {
		waiting = append(waiting, s.queue.popBack())
	}
	for i := len(waiting) - 1; i >= 0; i-- {
		g := waiting[i]
		if len(g.data) == 0 {
			s.queue.push(g)
			continue
		}
		s.keep(-len(g.data))
		s.enqueue(g.data)
		s.e.memory.freeSegment(g)
	}
}

// wake gives the stream its turn among those of its peer.
func (s *Stream) wake() {
	if s.inSendable {
		return
	}
	if _, ok := s.nextSegment(); ok {
		s.inSendable = true
		s.peer.sendable.push(s)
		s.peer.wake()
	}
}

// nextSegment returns the place of what is to be sent next, within the window: what was lost first.
func (s *Stream) nextSegment() (int, bool) {
	if s.state != open || s.choked {
		return 0, false
	}
	if s.lostLen > 0 {
		for i := range s.sentLen {
			if g := *s.queue.at(i); g != nil && g.lost {
				return i, s.mayTransmit(i)
			}
		}
	}
	// Neither more under way nor further ahead of the oldest than the peer can keep.
	return s.sentLen, s.sentLen < s.queue.len() && s.sentLen < s.peer.span && s.mayTransmit(s.sentLen)
}

// dropSegments frees what waits to be sent or acknowledged.
func (s *Stream) dropSegments() {
	s.peer.inflight -= s.inflight
	s.keep(-s.buffered)
	for s.queue.len() > 0 {
		if g := s.queue.pop(); g != nil {
			s.e.memory.freeSegment(g)
		}
	}
	s.queue.drop()
	s.inflight, s.lostLen, s.sentLen = 0, 0, 0
}
