package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

const (
	timeWaitLife = 5 * time.Minute
	maxTimeWaits = 1024
)

// timeWait remembers a stream that has ended: its numbers are not used again, a
// CLOSE whose acknowledgement was lost is acknowledged again, and who still sends is told.
type timeWait struct {
	id, remote            uint32
	localPort, remotePort uint16
	peer                  *peer
	incoming              bool
	ackThrough            uint32
	resetSeq              uint32
	reset                 bool // answer new data by a RESET
	at                    instant
}

type timeWaits struct {
	byID  map[uint32]*timeWait
	order ring[*timeWait]
}

func (t *timeWaits) has(id uint32) bool { return t.byID[id] != nil }

// waitOn leaves a timeWait behind.
func (s *Stream) waitOn(reset bool) {
	t := &s.e.waits
	if t.has(s.local) {
		return
	}
	if t.byID == nil {
		t.byID = make(map[uint32]*timeWait)
	}
	if t.order.len() >= maxTimeWaits {
		delete(t.byID, t.order.pop().id)
	}
	w := &timeWait{
		id: s.local, remote: s.remote, localPort: s.localPort, remotePort: s.remotePort, peer: s.peer, incoming: s.incoming,
		ackThrough: s.next - 1, resetSeq: s.base + uint32(s.sentLen), reset: reset, at: s.e.now,
	}
	t.byID[w.id] = w
	t.order.push(w)
}

// opened reports whether a peer has opened a stream by that number which has ended lately.
func (t *timeWaits) opened(remote uint32, hash *[32]byte) bool {
	for i := range t.order.len() {
		if w := *t.order.at(i); w.remote == remote && w.incoming && w.peer.hash == *hash {
			return true
		}
	}
	return false
}

func (t *timeWaits) expire(now instant) {
	for t.order.len() > 0 && now-(*t.order.at(0)).at >= timeWaitLife {
		delete(t.byID, t.order.pop().id)
	}
	t.order.drop()
}

// receiveLate takes in a packet of a stream that has ended. To all others the
// answer is silence, as routers give.
func (e *Engine) receiveLate(in *incoming) error {
	w := e.waits.byID[in.SendID]
	if w == nil {
		return ErrUnknownStream
	}
	if w.remote == 0 { // a dial that was given up
		if in.Flags.Has(packet.SYN) && in.ReceiveID != 0 {
			e.answerReset(w.peer, in.ReceiveID, w.id, 1, w.localPort, w.remotePort)
		}
		return ErrUnknownStream
	}
	if in.ReceiveID != w.remote || in.Flags.Has(packet.Reset) || in.PlainAck() {
		return ErrUnknownStream
	}
	if in.Flags.Has(packet.Close) && in.Sequence == w.ackThrough+1 {
		w.ackThrough++
	}
	if int32(in.Sequence-w.ackThrough) <= 0 {
		e.reply(reply{to: w.peer.dest, localPort: w.localPort, remotePort: w.remotePort,
			packet: packet.Packet{SendID: w.remote, ReceiveID: w.id, AckThrough: w.ackThrough}})
	} else if w.reset {
		e.answerReset(w.peer, w.remote, w.id, w.resetSeq, w.localPort, w.remotePort)
	}
	return ErrUnknownStream
}
