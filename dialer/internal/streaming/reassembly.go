package streaming

import (
	"bytes"
	"io"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// maxAhead is how far in front of the next expected packet one is kept. i2pd
// has 512 under way at most, and with holes before them they are further ahead.
const maxAhead = 2048

// blockCost is counted for each packet that waits for an earlier one, besides its
// data, and slotCost for each place there is for one.
const (
	blockCost = 64
	slotCost  = 48
)

// receiver is the incoming half of a stream.
type receiver struct {
	next         uint32       // the sequence number that is expected
	ahead        ring[[]byte] // from next on; nil is missing. The last is never missing.
	aheadBytes   int
	in           ring[[]byte] // chunks to read
	inOffset     int          // what was read of the first
	unread       int          // bytes in the chunks
	heldBytes    int          // of the engine's count
	finSeq       uint32       // of the peer's CLOSE
	finSeen      bool
	readClosed   bool // the CLOSE has had its turn
	readClosedAt instant

	ackAt     instant
	unacked   int // packets since the last acknowledgement
	choking   bool
	unchoking int // how often the end of the choke is still to be told
	chokeAt   instant
}

// Readable is how many bytes can be read now.
func (s *Stream) Readable() int { return s.unread }

// Read reads what has arrived in order. It fails with ErrWouldBlock when there
// is nothing yet, with io.EOF when the peer has closed and all was read, and
// with the stream's error when nothing more will come.
func (s *Stream) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && s.in.len() > 0 {
		chunk := *s.in.at(0)
		m := copy(b[n:], chunk[s.inOffset:])
		n += m
		s.inOffset += m
		if s.inOffset == len(chunk) {
			s.releaseChunk()
		}
	}
	s.unread -= n
	if n > 0 || len(b) == 0 {
		s.hasRoom()
		return n, nil
	}
	return 0, s.readErr()
}

func (s *Stream) readErr() error {
	switch {
	case s.appClosed:
		return ErrClosed
	case s.readClosed:
		return io.EOF
	case s.err != nil:
		return s.err
	case s.state == ended:
		return ErrClosed
	}
	return ErrWouldBlock
}

func (s *Stream) releaseChunk() {
	s.e.memory.freeChunk(s.in.pop())
	s.inOffset = 0
	s.hold(-chunkLen)
	if s.in.len() == 0 {
		s.in.drop()
	}
}

// hold counts bytes that the stream makes the engine keep.
func (s *Stream) hold(n int) {
	s.heldBytes += n
	s.e.buffered += n
}

// take keeps the payload of a packet that has its place in the stream. It
// reports whether the packet is new and there was room.
func (s *Stream) take(p *packet.Packet) bool {
	i := int(int32(p.Sequence - s.next))
	if i < 0 || i < s.ahead.len() && *s.ahead.at(i) != nil {
		return false // again
	}
	if s.finSeen && int32(p.Sequence-s.finSeq) > 0 {
		return false // behind the end
	}
	if i >= maxAhead || !s.hasRoomFor(i, len(p.Payload)) {
		s.startChoking()
		return false
	}
	if p.Flags.Has(packet.Close) {
		s.finSeen, s.finSeq = true, p.Sequence
	}
	if i > 0 {
		s.keepAhead(i, p.Payload)
		return true
	}
	s.append(p.Payload)
	s.passed()
	for s.ahead.len() > 0 && *s.ahead.at(0) != nil {
		block := *s.ahead.at(0)
		s.holdAhead(-len(block) - blockCost)
		s.append(block)
		s.passed()
	}
	s.changed()
	return true
}

// passed moves on by one packet.
func (s *Stream) passed() {
	if s.finSeen && s.next == s.finSeq {
		s.readClosed, s.readClosedAt = true, s.e.now
	}
	s.next++
	if s.ahead.len() > 0 {
		s.ahead.pop()
		s.holdAhead(-slotCost)
	}
	if s.readClosed {
		s.dropBlocks() // nothing follows a CLOSE, whatever the peer has sent before it
	}
	s.ahead.drop()
}

// hasRoomFor bounds what the peer can make us keep. What is next is taken of a stream
// with nothing to read whatever else is kept, so that streams come on when all room is used.
func (s *Stream) hasRoomFor(i, n int) bool {
	if i == 0 && s.unread == 0 {
		return true
	}
	n += blockCost + slotCost*max(i+1-s.ahead.len(), 0)
	l := &s.e.conf.Limits
	return s.unread+s.aheadBytes+n <= l.ReceiveBuffer && s.e.buffered+n+chunkLen <= l.Buffered
}

// keepAhead keeps data of a packet that is i places too early.
func (s *Stream) keepAhead(i int, data []byte) {
	for s.ahead.len() <= i {
		s.ahead.push(nil)
		s.holdAhead(slotCost)
	}
	if data = bytes.Clone(data); data == nil {
		data = []byte{}
	}
	*s.ahead.at(i) = data
	s.holdAhead(len(data) + blockCost)
}

func (s *Stream) holdAhead(n int) {
	s.aheadBytes += n
	s.hold(n)
}

// append puts data behind what is there to be read.
func (s *Stream) append(data []byte) {
	if s.appClosed {
		return // nobody will read it
	}
	s.unread += len(data)
	for len(data) > 0 {
		if s.in.len() == 0 || len(*s.in.at(s.in.len() - 1)) == chunkLen {
			s.in.push(s.e.memory.chunk())
			s.hold(chunkLen)
		}
		chunk := s.in.at(s.in.len() - 1)
		n := min(len(data), chunkLen-len(*chunk))
		*chunk = append(*chunk, data[:n]...)
		data = data[n:]
	}
}

// dropBlocks frees what waits for packets that will not come.
func (s *Stream) dropBlocks() {
	s.hold(-s.aheadBytes)
	s.ahead, s.aheadBytes = ring[[]byte]{}, 0
}

// dropUnread frees what nobody will read.
func (s *Stream) dropUnread() {
	for s.in.len() > 0 {
		s.releaseChunk()
	}
	s.unread = 0
}
