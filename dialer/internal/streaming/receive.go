package streaming

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// Why a packet was dropped, for those who count: none of these ends anything.
var (
	ErrUnknownStream = errors.New("streaming: packet of no stream")
	ErrNotOfStream   = errors.New("streaming: packet does not fit its stream")
	ErrReplayed      = errors.New("streaming: SYN for another destination")
	ErrNotAllowed    = errors.New("streaming: SYN refused by policy or limit")
)

// Receive takes in a packet of protocol 6 that has come from one port to another.
// b is not kept. The error says why the packet was dropped; packets come from
// anybody, so it is for counters and debugging, and never a reason to stop.
func (e *Engine) Receive(now time.Time, sourcePort, destPort uint16, b []byte) error {
	e.expire(e.clock(now))
	p, err := packet.Parse(b)
	if err != nil {
		return err
	}
	in := &incoming{Packet: p, raw: b, sourcePort: sourcePort, destPort: destPort}
	if p.Flags.Has(packet.Echo) {
		return e.receiveEcho(in)
	}
	if p.SendID == 0 {
		if p.Flags.Has(packet.SYN) {
			return e.accept(in)
		}
		return e.receiveEarly(in)
	}
	s := e.streams[p.SendID]
	if s == nil {
		return e.receiveLate(in)
	}
	err = s.receive(in)
	s.arm()
	return err
}

// incoming is a packet with what the router has told of it.
type incoming struct {
	packet.Packet
	raw                  []byte
	sourcePort, destPort uint16
}

// receive takes in a packet that names this stream.
func (s *Stream) receive(in *incoming) error {
	if err := s.checkSender(in); err != nil {
		if s.state == dialling && in.Flags.Has(packet.SYN) && !in.Flags.Has(packet.SignatureIncluded) {
			s.fail(err) // some routers can be told not to sign, and cannot be trusted then
		}
		return err
	}
	if in.SendID != 0 { // which is our number
		s.peer.heard(Proven)
	}
	if in.Flags.Has(packet.Reset) {
		s.receivedReset()
		return nil
	}
	switch s.state {
	case dialling:
		return s.answered(in)
	case open:
		return s.receiveOpen(in)
	}
	return nil // a RESET is on its way
}

// checkSender drops what does not fit the stream, and what must be signed and is not, or wrongly.
func (s *Stream) checkSender(in *incoming) error {
	reset := in.Flags.Has(packet.Reset)
	if s.remote != 0 && in.ReceiveID != s.remote && !(reset && in.ReceiveID == 0) {
		return fmt.Errorf("%w: number", ErrNotOfStream)
	}
	from, key := s.peer.dest, s.key
	if in.Flags.Has(packet.FromIncluded) {
		var k packet.Key
		var err error
		if from, k, err = in.Sender(s.e.begin.Add(s.e.now)); err != nil {
			return err
		}
		key = &k
	}
	if from != s.peer.dest {
		return fmt.Errorf("%w: sender", ErrNotOfStream)
	}
	if !reset && !in.Flags.Has(packet.Close) && !(s.state == dialling && in.Flags.Has(packet.SYN)) {
		return nil
	}
	if key == nil {
		k := packet.KeyOf(from)
		key = &k
	}
	return in.Verify(in.raw, *key)
}

// receiveOpen takes in acknowledgements and data.
func (s *Stream) receiveOpen(in *incoming) error {
	if !s.acknowledged(&in.Packet) {
		return fmt.Errorf("%w: acknowledges what was not sent", ErrNotOfStream)
	}
	s.heardAt = s.e.now
	s.heardDelay(&in.Packet)
	if !in.PlainAck() {
		s.receiveData(in)
	}
	s.advanceEnd()
	return nil
}

// receiveData takes in what has a place in the stream.
func (s *Stream) receiveData(in *incoming) {
	before := s.readClosed
	fresh := s.take(&in.Packet)
	if fresh && s.unchoking > 0 {
		s.unchoking, s.chokeAt = 0, never
	}
	switch {
	case fresh && s.choking:
		s.hasRoom()
	case fresh && s.crowded(4):
		s.startChoking()
	}
	gap := s.ahead.len() > 0
	asked := in.Flags.Has(packet.DelayRequested) && in.Delay == 0
	s.scheduleAck(!fresh || gap || asked || in.Flags&(packet.Close|packet.SYN) != 0)
	if s.readClosed && !before {
		s.changed()
	}
}
