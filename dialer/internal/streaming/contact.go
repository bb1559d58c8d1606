package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// i2pd opens a ratchet session with a peer by the first message to it. Up to 2.58 it says that it has sent what an I2CP
// client sends next, and throws it away, until the peer has answered or the path is two minutes old; when several
// first messages wait for one lease set, the answer to any but the last does not even count. From 2.59 on each is a first one until
// there is an answer. All versions drop first messages to a destination that come within 200 ms of another, and begin
// anew with a peer from which nothing has come for 90 s.
// So one packet goes first, and all others wait until something has come from the peer, or for some time.
const (
	// silence of so long makes the next packet a first one.
	silence = 80 * time.Second
	// statusWait is how long the router may take to say whether the first is on its way.
	statusWait = 30 * time.Second
	// askAgain is how long it is until another try when it is not.
	askAgain = time.Second

	// maxLapse is how much later than the router the engine begins anew at most.
	maxLapse = 8 * time.Second

	longAgo = instant(-time.Hour)
)

// Ratchet is how a router treats what is sent to a peer that has not answered. The zero value is for one that sends it all.
type Ratchet struct {
	// Wait is how long others wait for an answer once a first packet is on its way.
	Wait time.Duration
	// Renewal is how long the router loses what follows a first packet that is never answered. It is sent all the same,
	// when it has waited.
	Renewal time.Duration
}

// Ratchets of versions of i2pd.
var (
	Ratchet256 = Ratchet{Wait: 10 * time.Second, Renewal: 121 * time.Second} // up to 2.58
	Ratchet259 = Ratchet{Wait: 250 * time.Millisecond}
)

// contact is what is known of whether a peer hears us.
type contact struct {
	heardAt [Anybody]instant // when something came from it by this router, that is so sure or surer
	firstAt instant          // when it was sent a first packet; longAgo lets the next one be one
	sentAt  instant          // when it was really sent one
	reached bool             // the router has said that it has a way to it
	waiting *waiting         // nothing goes to it but what has its answer; nil otherwise
	lapse   *lapse
}

// waiting is what waits for a peer to answer.
type waiting struct {
	p       *peer
	least   Proof // how sure the answer is at least
	timer   timer
	streams ring[*Stream] // with something urgent
	pings   ring[reply]
}

// hold keeps a ping for later, if there is room.
func (w *waiting) hold(r reply) {
	if w.pings.len() < maxReplies {
		w.pings.push(r)
	}
}

func (c *contact) forget() {
	c.heardAt, c.firstAt, c.sentAt, c.reached = [Anybody]instant{longAgo, longAgo, longAgo}, longAgo, longAgo, false
}

// Rerouted tells that packets go by another router from now on, which has no session with anybody: what is not acknowledged
// is sent again soon, and has all its time.
func (e *Engine) Rerouted(now time.Time, r Ratchet) {
	e.clock(now)
	e.ratchet = r
	for _, p := range e.peers {
		p.forget()
		p.resume()
	}
	for _, s := range e.streams {
		s.rto.progress(e.now)
		if s.rtoAt != never {
			s.rtoAt = min(s.rtoAt, e.now+minRTO)
			s.arm()
		}
	}
}

// Turn is whether something may go to a destination.
type Turn uint8

const (
	Wait  Turn = iota // until Engine.Changed names the peer
	First             // alone: Reached or Unreached must be called
	Go
)

// Turn asks whether something that is no packet of the engine's may go to a destination, which is then taken to be sent. least is
// how sure the answers to it are at least.
func (e *Engine) Turn(now time.Time, to keys.Destination, least Proof) Turn {
	e.expire(e.clock(now))
	return e.peer(to, to.Hash()).turn(least)
}

func (p *peer) turn(least Proof) Turn {
	now, r := p.e.now, p.e.ratchet
	met := p.met(least)
	switch {
	case r.Wait == 0 && (p.reached || met):
		return Go
	case r.Wait == 0:
		return First
	case p.waiting != nil && (!met || p.firstAt == longAgo): // or it cannot be sent now
		return Wait
	case met, now-p.firstAt < r.Renewal: // or it was waited for in vain
		return Go
	}
	p.firstAt, p.sentAt = now, now
	p.wait(statusWait)
	p.waiting.least = least
	p.e.anybodyWaited = p.e.anybodyWaited || least == Anybody
	return First
}

// unmet reports whether the next turn is a first one, and others will wait for an answer to it.
func (p *peer) unmet() bool {
	now, r := p.e.now, p.e.ratchet
	return r.Wait > 0 && p.waiting == nil && !p.met(Proven) && now-p.firstAt >= r.Renewal
}

// beginAnswerable has a stream begin with what is answered: to an acknowledgement and to the repetition of a RESET nothing
// comes back, and i2pd would lose what follows.
func (s *Stream) beginAnswerable() {
	switch {
	case s.state == resetting && s.resets > 0:
		s.urgency = 0
		s.finish(s.err)
	case s.state != open || s.urgency&urgentSegment != 0:
	case s.queue.len() > 0:
		s.probe(0)
	default:
		s.keepAlive()
	}
}

func (p *peer) wait(d time.Duration) {
	if p.waiting == nil {
		p.waiting = &waiting{p: p}
		p.waiting.timer.fire = p.waiting
	}
	p.e.timers.set(&p.waiting.timer, p.e.now+d)
}

// Reached tells that the router has sent the first thing to a destination on its way, or that nothing is known of it.
func (e *Engine) Reached(now time.Time, to keys.Destination) {
	e.clock(now)
	p := e.peers[to.Hash()]
	if p == nil {
		return
	}
	p.reached = true
	if p.waiting != nil {
		p.wait(p.e.ratchet.Wait)
	}
}

// Unreached tells that the router could not send it. What waits may try in a second.
func (e *Engine) Unreached(now time.Time, to keys.Destination) {
	e.clock(now)
	p := e.peer(to, to.Hash())
	p.firstAt = longAgo
	p.wait(askAgain)
}

// Met reports whether a destination can be sent many packets at once.
func (e *Engine) Met(now time.Time, to keys.Destination) bool {
	e.expire(e.clock(now))
	p := e.peers[to.Hash()]
	return e.ratchet.Wait == 0 || p != nil && p.waiting == nil && p.met(Proven)
}

// due is called when it was waited for long enough.
func (w *waiting) due(instant) {
	p := w.p
	p.resume()
	if p.e.ratchet.Renewal > 0 && p.firstAt != longAgo {
		if p.lapse == nil {
			p.lapse = &lapse{p: p}
			p.lapse.timer.fire = p.lapse
		}
		later := time.Duration(p.e.conf.Random()%uint32(maxLapse/time.Millisecond)) * time.Millisecond // or two would meet again
		p.e.timers.set(&p.lapse.timer, p.firstAt+p.e.ratchet.Renewal+later)
	}
}

// lapse is when a router that has lost all to a peer begins anew: the next packet is worth most.
type lapse struct {
	p     *peer
	timer timer
}

// due sends what is not acknowledged again.
func (l *lapse) due(now instant) {
	p := l.p
	if p.heardAt[Proven] >= p.firstAt || now-p.firstAt < p.e.ratchet.Renewal {
		return
	}
	for _, s := range p.e.streams {
		if s.peer == p && s.rtoAt != never {
			s.rtoAt = now
			s.arm()
		}
	}
}

// unwait ends the waiting, and returns what has waited.
func (p *peer) unwait() *waiting {
	w := p.waiting
	if w != nil {
		p.waiting = nil
		p.e.timers.set(&w.timer, never)
	}
	return w
}

// resume lets go what waits. The first of it may make the rest wait again.
func (p *peer) resume() {
	w := p.unwait()
	if w == nil {
		return
	}
	for w.streams.len() > 0 {
		p.e.urgent.push(w.streams.pop())
	}
	for w.pings.len() > 0 {
		p.e.reply(w.pings.pop())
	}
	p.wake()
	p.e.changes.push(Change{Peer: p.dest})
}

// leave takes a peer that is forgotten out of all that would keep it.
func (p *peer) leave() {
	p.e.timers.set(&p.timer, never)
	if p.lapse != nil {
		p.e.timers.set(&p.lapse.timer, never)
	}
	if p.unwait() != nil {
		p.e.changes.push(Change{Peer: p.dest, Forgotten: true})
	}
	delete(p.e.peers, p.hash)
}
