package streaming

import "github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"

// A SYN may be an old one that somebody else sends again. Until its sender has shown that it has got our answer, which holds
// our number, it is sent three times as many bytes as have come for the stream at most: RFC 9000, section 8.1.
const grantFactor = 3

// unproven reports whether nobody may be there who wants the stream.
func (s *Stream) unproven() bool { return s.incoming && !s.acked }

// grant lets more be sent for a SYN, or for what comes without our number.
func (s *Stream) grant(in *incoming) {
	s.granted += grantFactor * len(in.raw)
	s.wake()
}

// afford reports whether n bytes may be sent that are no segment, and takes them to be: an acknowledgement, which may name all
// that is missing, or a RESET.
func (s *Stream) afford(n int) bool {
	switch {
	case !s.unproven():
		return true
	case n > s.granted:
		return false
	}
	s.granted -= n
	return true
}

// mayTransmit reports whether the segment at place i may be sent though the peer has not shown that it is there.
func (s *Stream) mayTransmit(i int) bool {
	if !s.unproven() {
		return true
	}
	const delay, maxSize = 2, 2
	g := *s.queue.at(i)
	n := packet.MinLen + delay + len(g.data)
	if g.flags != 0 {
		n += s.e.signatureLen
	}
	if g.flags.Has(packet.SYN) {
		n += len(s.e.from) + maxSize + len(s.e.conf.Offline)
	}
	return n <= s.granted
}

// room is how much data the segment at place i can hold. The first one is sent with our answer, so that it is small enough
// to be granted.
func (s *Stream) room(i int) int {
	if s.unproven() && i == 1 {
		return min(minPayload, s.payload)
	}
	return s.payload
}
