package streaming

import (
	"bytes"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

const (
	earlyPerStream = 16
	earlyStreams   = 64
	earlyLife      = 10 * time.Second
)

// early keeps packets that have overtaken the SYN, or the answer to one, for a
// short time: 16 of a stream, 64 streams, no packet larger than tunnels bear easily.
type early struct {
	held  map[uint32][]*incoming // by the number that the SYN will have or was sent with
	order ring[earlyEntry]
}

type earlyEntry struct {
	id uint32
	at instant
}

// keep holds a packet until take, or drops it.
func (y *early) keep(id uint32, in *incoming, now instant) error {
	list, known := y.held[id]
	if len(list) >= earlyPerStream || !known && y.order.len() >= earlyStreams || len(in.raw) > 2*maxPayload {
		return ErrUnknownStream
	}
	raw := bytes.Clone(in.raw)
	p, err := packet.Parse(raw)
	if err != nil {
		return err
	}
	if y.held == nil {
		y.held = make(map[uint32][]*incoming)
	}
	y.held[id] = append(list, &incoming{p, raw, in.sourcePort, in.destPort})
	if !known {
		y.order.push(earlyEntry{id, now})
	}
	return nil
}

func (y *early) take(id uint32) []*incoming {
	list := y.held[id]
	if list != nil {
		y.held[id] = nil // its place is free when its time is over
	}
	return list
}

func (y *early) expire(now instant) {
	for y.order.len() > 0 && now-y.order.at(0).at >= earlyLife {
		delete(y.held, y.order.pop().id)
	}
	y.order.drop()
}

// receiveEarly takes in a packet of a dialler that does not know our number yet.
func (e *Engine) receiveEarly(in *incoming) error {
	if in.ReceiveID == 0 || in.Flags.Has(packet.Reset) {
		return ErrUnknownStream
	}
	switch list := e.byRemote[in.ReceiveID]; len(list) {
	case 0:
		return e.early.keep(in.ReceiveID, in, e.now)
	case 1:
		err := list[0].receiveUnnamed(in)
		list[0].arm()
		return err
	}
	return ErrUnknownStream // it cannot be told whose it is
}

// receiveUnnamed takes in a packet without our number. It is only believed until
// the peer has shown that it knows the number, which it cannot by this one.
func (s *Stream) receiveUnnamed(in *incoming) error {
	if s.acked {
		return ErrNotOfStream
	}
	in.Flags |= packet.NoAck
	if in.Choke() {
		in.Flags &^= packet.DelayRequested // who has got too much has got our number, too
	}
	s.grant(in)
	return s.receive(in)
}
