package streaming

import (
	"bytes"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
)

const (
	maxPings       = 256
	pingLife       = time.Minute
	pongsPerMinute = 600
)

// Ping asks whether a destination is there. It needs no stream and no listener.
type Ping struct {
	e        *Engine
	to       *peer
	id       uint32
	sentAt   instant
	answered bool
	trip     time.Duration
	atRTO    int // for streams that ask
	public   bool
}

// Ping sends a ping. Many programs do not answer; what is not answered in a minute is forgotten.
func (e *Engine) Ping(now time.Time, to keys.Destination, localPort, remotePort uint16) *Ping {
	e.clock(now)
	p := e.ping(e.peer(to, to.Hash()), localPort, remotePort)
	p.public = true
	return p
}

// Answered returns the round trip, and whether the answer has come.
func (p *Ping) Answered() (time.Duration, bool) { return p.trip, p.answered }

// pings are those that wait for their answers, oldest first.
type pings struct{ order ring[*Ping] }

func (p *pings) expire(now instant) {
	for p.order.len() > 0 && now-(*p.order.at(0)).sentAt >= pingLife {
		p.order.pop()
	}
	p.order.drop()
}

func (e *Engine) ping(to *peer, localPort, remotePort uint16) *Ping {
	p := &Ping{e: e, to: to, id: e.newID(), sentAt: e.now}
	if e.pings.order.len() >= maxPings {
		e.pings.order.pop()
	}
	e.pings.order.push(p)
	e.reply(reply{to: to.dest, asks: to, localPort: localPort, remotePort: remotePort,
		packet: packet.Packet{SendID: p.id, Flags: packet.Echo | packet.FromIncluded | packet.NoAck}})
	return p
}

// receiveEcho takes in pings and pongs.
func (e *Engine) receiveEcho(in *incoming) error {
	if in.IsPong() {
		return e.receivePong(in.ReceiveID)
	}
	if !e.conf.AnswerPings || e.streams[in.SendID] != nil || !e.pongs.take(e.now, pongsPerMinute) {
		return ErrNotAllowed
	}
	from, key, err := in.Sender(e.begin.Add(e.now))
	if err != nil {
		return err
	}
	if err := in.Verify(in.raw, key); err != nil {
		return err
	}
	if p := e.peers[from.Hash()]; p != nil {
		p.heard(Signed) // to whomever it was sent
	}
	pong := in.Pong()
	pong.Payload = bytes.Clone(pong.Payload)
	e.reply(reply{to: from, localPort: in.destPort, remotePort: in.sourcePort, packet: pong})
	return nil
}

func (e *Engine) receivePong(id uint32) error {
	for i := range e.pings.order.len() {
		p := *e.pings.order.at(i)
		if p.id != id || p.answered {
			continue
		}
		p.to.heard(Proven)
		p.answered, p.trip = true, e.now-p.sentAt
		if p.public {
			e.changes.push(Change{Ping: p})
		}
		return nil
	}
	return ErrUnknownStream
}
