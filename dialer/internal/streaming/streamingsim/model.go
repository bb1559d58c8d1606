package streamingsim

import (
	"math"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

const (
	never        = time.Duration(math.MaxInt64)
	modelPayload = 1812
)

// model is the sender of another implementation, with data without end.
type model interface {
	// receive takes in an acknowledgement.
	receive(now time.Duration, p *packet.Packet)
	// tick sends what is due, and returns when it wants to be called again.
	tick(now time.Duration) time.Duration
}

// Kind is an implementation to compare with.
type Kind int

const (
	I2Pd Kind = iota
	Java
)

// Flow is a stream between two models.
type Flow struct {
	w        *World
	sender   model
	receiver *modelReceiver
	timer    int
}

// NewFlows starts n streams of that kind, between the same two destinations, through two links. rtt is
// what the models take the round trip for before they have measured it.
func (w *World) NewFlows(kind Kind, n int, there, back *Link, rtt time.Duration) []*Flow {
	var flows []*Flow
	underWay := 0
	for range n {
		f := &Flow{w: w}
		out := func(p *packet.Packet) { there.Send(p.Len(), func() { f.receiver.receive(p) }) }
		if kind == I2Pd {
			f.sender = newI2PdSender(out, rtt, &underWay)
		} else {
			f.sender = newJavaSender(out, rtt, w.Rand)
		}
		f.receiver = &modelReceiver{w: w, kind: kind, rtt: rtt, next: 1, have: make(map[uint32]bool), ackAt: never}
		f.receiver.out = func(p *packet.Packet) {
			back.Send(p.Len(), func() { f.sender.receive(w.now, p); f.pump() })
		}
		w.After(0, f.pump)
		flows = append(flows, f)
	}
	return flows
}

// Received is how many bytes have arrived.
func (f *Flow) Received() int { return f.receiver.bytes }

func (f *Flow) pump() {
	at := f.sender.tick(f.w.now)
	f.timer++
	if n := f.timer; at != never {
		f.w.After(max(at-f.w.now, 50*time.Microsecond), func() {
			if f.timer == n {
				f.pump()
			}
		})
	}
}

// modelReceiver counts data, and acknowledges as its kind does.
type modelReceiver struct {
	w     *World
	kind  Kind
	rtt   time.Duration
	next  uint32
	high  uint32
	have  map[uint32]bool
	ackAt time.Duration
	last  time.Duration // when it last acknowledged
	out   func(*packet.Packet)
	bytes int
}

func (r *modelReceiver) receive(p *packet.Packet) {
	if p.Sequence < r.next || r.have[p.Sequence] {
		r.again()
		return
	}
	inOrder := p.Sequence == r.next
	r.have[p.Sequence] = true
	r.high = max(r.high, p.Sequence)
	r.bytes += len(p.Payload)
	for r.have[r.next] {
		delete(r.have, r.next)
		r.next++
	}
	asked := p.Flags.Has(packet.DelayRequested) && p.Delay == 0
	switch {
	case r.kind == Java && asked:
		r.schedule(min(120*time.Millisecond, r.rtt/8))
	case r.kind == Java:
		r.schedule(500 * time.Millisecond)
	case asked && r.last != r.w.now, !inOrder && r.ackAt == never:
		r.ack()
	default:
		r.schedule(max(min(r.rtt/10, 200*time.Millisecond), 2*time.Millisecond))
	}
}

// again acknowledges what has come twice: Java I2P not before half a round trip is over.
func (r *modelReceiver) again() {
	wait := time.Duration(0)
	if r.kind == Java {
		wait = min(500*time.Millisecond, r.rtt/2) - (r.w.now - r.last)
	}
	if wait <= 0 {
		r.ack()
		return
	}
	r.schedule(wait)
}

func (r *modelReceiver) schedule(wait time.Duration) {
	at := r.w.now + wait
	if at >= r.ackAt {
		return
	}
	r.ackAt = at
	r.w.After(wait, func() {
		if r.ackAt <= r.w.now {
			r.ack()
		}
	})
}

func (r *modelReceiver) ack() {
	r.ackAt, r.last = never, r.w.now
	p := &packet.Packet{SendID: 1, ReceiveID: 2, AckThrough: r.next - 1}
	for seq := r.next; seq <= r.high; seq++ {
		if !r.have[seq] {
			if p.Nacks.Len() == packet.MaxNacks {
				break
			}
			p.Nacks = p.Nacks.Add(seq)
		}
		p.AckThrough = seq
	}
	r.out(p)
}
