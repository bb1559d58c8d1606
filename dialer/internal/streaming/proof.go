package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Proof is how sure it is who has sent what has come, the surest first. What is sent waits for an answer that is as sure as
// answers to its kind can be, or surer: anybody can send a datagram that is not signed for us alone in the name of a peer, and
// would have the router lose what waits for that peer's answer.
type Proof uint8

const (
	Proven  Proof = iota // it holds a number of ours, or is signed for us alone: all may go
	Signed               // it is signed, but anybody who was sent it can send it on
	Claimed              // it says so
	Anybody              // it says nothing
)

// Heard tells that something else than a packet of the engine's has come from a destination whose hash that is. It counts
// if something was sent there before.
func (e *Engine) Heard(now time.Time, hash [32]byte, how Proof) {
	e.clock(now)
	if p := e.peers[hash]; p != nil {
		p.heard(how)
	}
}

const (
	// refresh is how long it is of no use to hear a peer again.
	refresh = 10 * time.Second

	proofsPerMinute = 120
)

// WorthProving reports whether it makes a difference to hear from a destination, for who has to verify that; so many times a
// minute at most.
func (e *Engine) WorthProving(now time.Time, hash [32]byte, how Proof) bool {
	e.clock(now)
	p := e.peers[hash]
	news := p != nil && (p.waiting != nil || e.now-p.heardAt[how] >= refresh)
	return news && e.ratchet.Wait > 0 && e.proofs.take(e.now, proofsPerMinute)
}

// Asked tells of something that a program has taken as from a destination, which may be answered. All that is known of it may
// be its hash.
func (e *Engine) Asked(now time.Time, from keys.Destination, hash [32]byte, how Proof) {
	e.clock(now)
	if e.ratchet.Wait > 0 {
		e.peer(from, hash).heard(how)
	}
}

// HeardAnybody tells that something has come that says nothing of its sender, who may be any that is waited for. What waits for
// no more than that may ask for its turn.
func (e *Engine) HeardAnybody(now time.Time) {
	e.anybodyAt = e.clock(now)
	if !e.anybodyWaited {
		return
	}
	e.anybodyWaited = false
	for _, p := range e.peers {
		p.answered(Anybody)
	}
}

func (p *peer) heard(how Proof) {
	now := p.e.now
	late := p.e.ratchet.Wait > 0 && now-p.heardAt[how] >= silence // to who waits for their turn it is news all the same
	for i := how; i < Anybody; i++ {
		p.heardAt[i] = now
	}
	p.idleSince = now
	if how == Proven {
		p.reached = true
	}
	if !p.answered(how) && late {
		p.e.changes.push(Change{Peer: p.dest})
	}
}

// answered lets go what waits, if what was sent first has an answer that is as sure as it can have. Of what can have a surer one,
// one goes alone next.
func (p *peer) answered(how Proof) bool {
	if p.waiting == nil || how > p.waiting.least {
		return false
	}
	if how > Proven {
		p.firstAt = longAgo
	}
	p.resume()
	return true
}

// met reports whether the peer was heard lately. Who says nothing of himself is taken for one that was sent something before.
func (p *peer) met(least Proof) bool {
	if least < Anybody {
		return p.e.now-p.heardAt[least] < silence
	}
	anybody := p.sentAt != longAgo && p.e.anybodyAt >= p.sentAt && p.e.now-p.e.anybodyAt < silence
	return anybody || p.met(Claimed)
}
