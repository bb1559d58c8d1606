package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/congestion"
	"github.com/go-i2p/i2psocks/keys"
)

const (
	// narrowWindow is what every implementation bears: Java I2P keeps 130 packets.
	narrowWindow = 128
	// wideWindow is i2pd's own. More lost in a row than routers have session tags
	// ahead, some 800, would cut the two destinations off from each other.
	wideWindow = 512
	// wideSpan is how far beyond the oldest missing packet one may be: i2pd keeps three windows.
	wideSpan = 2 * wideWindow

	maxIdlePeers = 1024
	idlePeerLife = 10 * time.Minute
)

// peer is what all streams to one destination share: the path, its window and its pace.
type peer struct {
	e    *Engine
	dest keys.Destination
	hash [32]byte

	control    congestion.Controller
	rtt        rtt
	span       int // packets that one stream may be ahead of the oldest unacknowledged one
	streams    int
	opened     int // of them, by the peer
	opens      bucket
	inflight   int
	paceAt     instant
	timedOutAt instant
	sendable   ring[*Stream] // with something to send, in turn
	timer      timer
	idleSince  instant // or since when it was not heard
	listedAt   instant // what idleSince was when it was listed as idle

	hasChoked  bool
	bearsHalf  bool // it goes on taking data after it has closed
	held       bool // since paceAt there has been something to send, which nothing but the pace holds back
	inReady    bool
	listedIdle bool

	contact
}

// peer returns the block of a destination, a new one if it has none.
func (e *Engine) peer(d keys.Destination, hash [32]byte) *peer {
	if p := e.peers[hash]; p != nil {
		if p.dest.IsZero() {
			p.dest = d
		}
		return p
	}
	p := &peer{e: e, dest: d, hash: hash, span: narrowWindow, timedOutAt: longAgo}
	p.timer.fire = p
	p.forget()
	p.control.SetMax(narrowWindow)
	e.peers[hash] = p
	p.release()
	return p
}

// count takes in that streams have come or gone.
func (p *peer) count(n int) {
	p.streams += n
	p.control.SetStreams(p.streams)
}

// release lists a peer without streams as one to forget, in some time.
func (p *peer) release() {
	if p.streams > 0 {
		return
	}
	p.idleSince = p.e.now
	if !p.listedIdle {
		p.listIdle()
	}
	p.e.forgetPeers()
}

func (p *peer) listIdle() {
	p.listedIdle, p.listedAt = true, p.idleSince
	p.e.idlePeers.push(p)
}

// forgetPeers forgets those that have had no stream for long, and the oldest when there are many.
func (e *Engine) forgetPeers() {
	for e.idlePeers.len() > 0 {
		p := *e.idlePeers.at(0)
		used := p.idleSince > p.listedAt
		if p.streams == 0 && !used && e.idlePeers.len() <= maxIdlePeers && e.now-p.idleSince < idlePeerLife {
			return
		}
		e.idlePeers.pop()
		p.listedIdle = false
		switch {
		case p.streams > 0:
		case used:
			p.listIdle()
		default:
			p.leave()
		}
	}
}

// widen lets more be under way to a peer that takes it, and has never choked us.
func (p *peer) widen() {
	if p.hasChoked {
		return
	}
	p.span = wideSpan
	p.control.SetMax(wideWindow)
}

// narrow does the opposite for one that has choked us.
func (p *peer) narrow() {
	p.hasChoked = true
	p.span = narrowWindow
	p.control.SetMax(narrowWindow)
}

// timeOut tells the control that a stream has timed out. When the path stands still, all do, and that is one event.
func (p *peer) timeOut() {
	if p.rtt.smoothed > 0 && p.e.now-p.timedOutAt >= p.rtt.timeout() {
		p.timedOutAt = p.e.now
		p.control.TimedOut()
	}
}

// wake puts the peer in the queue of those that may send.
func (p *peer) wake() {
	if !p.inReady && p.sendable.len() > 0 {
		p.inReady = true
		p.e.ready.push(p)
	}
}

// due is called when the pace allows the next packet.
func (p *peer) due(instant) { p.wake() }

// nextData returns the next packet of those that windows and paces hold back.
func (e *Engine) nextData(b []byte) (Outgoing, bool) {
	for e.ready.len() > 0 {
		p := e.ready.pop()
		p.inReady = false
		if p.waiting != nil || p.inflight >= p.control.Window() {
			p.held = false
			continue // an answer wakes it, or an acknowledgement
		}
		if p.paceAt > e.now {
			p.held = true
			e.timers.set(&p.timer, p.paceAt)
			continue
		}
		if o, ok := p.send(b); ok {
			p.wake()
			return o, true
		}
	}
	return Outgoing{}, false
}

// send gives the next stream its turn.
func (p *peer) send(b []byte) (Outgoing, bool) {
	for p.sendable.len() > 0 {
		s := p.sendable.pop()
		s.inSendable = false
		i, ok := s.nextSegment()
		if !ok {
			continue
		}
		o := s.transmit(i, b)
		o.First = p.turn(Proven) == First
		s.wake()
		s.arm()
		p.paced()
		p.ranOut(s)
		return o, true
	}
	p.sendable.drop()
	p.held = false
	return Outgoing{}, false
}

// ranOut tells the control when s has sent the last there was, though more could be under way: what is measured
// then is the program's rate and not the path's.
func (p *peer) ranOut(s *Stream) {
	if p.sendable.len() == 0 && s.sentLen == s.queue.len() && p.inflight < p.control.Window() {
		p.control.Starved(p.inflight)
	}
}

// catchUp is how far a pace may be behind that was held up by nothing but a caller who came late, as on a busy machine and
// by clocks that tick slowly. Without it what leaves, and with it what is measured, would be bound by how often they come.
const catchUp = 100 * time.Millisecond

// paced notes that a packet has left. A caller that wakes up late may catch up.
func (p *peer) paced() {
	if rate := p.control.Pace(); rate > 0 {
		gap := time.Duration(float64(time.Second) / rate)
		behind := max(4*time.Millisecond, 2*gap)
		if p.held {
			behind = max(behind, catchUp)
		}
		p.paceAt = max(p.paceAt, p.e.now-behind) + gap
	}
}
