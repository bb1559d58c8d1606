package streaming

import (
	"fmt"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
)

// Dial asks a destination for a stream. The stream is open when the peer has
// answered, and only then, with one exception that is not ours: i2pd answers for
// a program that does not listen, and closes ten seconds later. What is written before
// is sent when it is open. A dial ends by itself after Config.GiveUp; before that by Abort.
func (e *Engine) Dial(to keys.Destination, localPort, remotePort uint16) (*Stream, error) {
	if to.IsZero() {
		return nil, fmt.Errorf("streaming: dial: no destination")
	}
	if to.SignatureType().SignatureLen() == 0 {
		return nil, fmt.Errorf("%w: signatures of type %s cannot be verified", ErrSignature, to.SignatureType())
	}
	if len(e.streams) >= e.conf.Limits.Streams {
		return nil, ErrLimit
	}
	s := e.newStream(e.peer(to, to.Hash()))
	s.localPort, s.remotePort = localPort, remotePort
	s.state = dialling
	s.pushSYN()
	return s, nil
}

func (e *Engine) newStream(p *peer) *Stream {
	s := &Stream{e: e, peer: p, local: e.newID()}
	s.timer = timer{at: never, fire: s}
	s.rtoAt, s.tailAt, s.lossAt, s.probeAt, s.ackAt, s.chokeAt, s.endAt = never, never, never, never, never, never, never
	s.payload = defaultPayload
	s.heardAt = e.now
	s.askedAt = e.now
	s.rto.progress(e.now)
	e.streams[s.local] = s
	p.count(1)
	return s
}

// pushSYN makes the SYN the first segment. It does not wait for a window, or dials in vain would hold up others.
func (s *Stream) pushSYN() {
	s.queue.push(&segment{flags: packet.SYN})
	s.probe(0)
	s.arm()
}

// fillSYN adds what a SYN has besides: who it is from, and for whom.
func (s *Stream) fillSYN(p *packet.Packet) {
	p.Flags |= packet.FromIncluded | packet.MaxPacketIncluded | packet.DelayRequested
	p.From = s.e.from
	p.MaxPacketSize = uint16(s.e.conf.MaxPacketSize)
	p.Delay = 0 // Java I2P lets its answer wait for half a second else
	p.ResendDelay = synResendDelay
	if len(s.e.conf.Offline) > 0 {
		p.Flags |= packet.OfflineSignature
		p.Offline = s.e.conf.Offline
	}
	p.Nacks = p.Nacks[:0]
	if !s.incoming {
		p.Nacks = append(p.Nacks, s.peer.hash[:]...)
		return
	}
	p.AckThrough = s.next - 1 // eight NACKs would be read as a hash
	if s.ahead.len() > 0 {
		s.scheduleAck(true)
	}
}

// synResendDelay is what i2pd says in its SYNs; Java I2P says 1.
const synResendDelay = 9

// answered takes in the first packets for a stream that was dialled.
func (s *Stream) answered(in *incoming) error {
	switch {
	case in.Flags.Has(packet.Close) && !in.Flags.Has(packet.SYN):
		if in.Sequence == 0 {
			s.fail(ErrRefused)
			return nil
		}
		return s.e.early.keep(s.local, in, s.e.now)
	case !in.Flags.Has(packet.SYN):
		return s.e.early.keep(s.local, in, s.e.now) // it has overtaken the answer
	case in.ReceiveID == 0 || in.Sequence != 0:
		return fmt.Errorf("%w: no answer to a SYN", ErrNotOfStream)
	}
	_, key, err := in.Sender(s.e.begin.Add(s.e.now))
	if err != nil {
		return err
	}
	if in.Flags.Has(packet.NoAck) { // an answer is the acknowledgement of our SYN
		in.Flags &^= packet.NoAck
		in.AckThrough, in.Nacks = 0, nil
	}
	s.setKey(key, in)
	s.remote = in.ReceiveID
	s.state = open
	s.heardSYN(&in.Packet)
	s.changed()
	s.queueClose()
	err = s.receiveOpen(in)
	s.wake()
	for _, late := range s.e.early.take(s.local) {
		_ = s.receive(late)
	}
	return err
}

// setKey keeps the key that signs for the peer, if it is not its destination's own.
func (s *Stream) setKey(key packet.Key, in *incoming) {
	if in.Flags.Has(packet.OfflineSignature) {
		key.Public = append([]byte(nil), key.Public...)
		s.key = &key
	}
}

// heardSYN learns what the peer can take.
func (s *Stream) heardSYN(p *packet.Packet) {
	size := defaultPayload
	if p.Flags.Has(packet.MaxPacketIncluded) {
		size = int(p.MaxPacketSize)
	}
	s.setPayload(size)
	// i2pd and we say 9 s in a SYN, Java I2P and we ask for an answer at once: only we do both.
	if p.ResendDelay >= synResendDelay {
		s.peer.widen()
		s.peer.bearsHalf = s.peer.bearsHalf || p.Flags.Has(packet.DelayRequested)
	}
}

// Undelivered tells that the router could not send a packet of the stream, such as
// for want of the peer's lease set: a SYN is sent again in a second.
func (s *Stream) Undelivered() {
	if s.state == dialling && s.sentLen > 0 {
		s.rtoAt = min(s.rtoAt, s.e.now+minRTO)
		s.arm()
	}
}
