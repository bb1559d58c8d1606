package i2cp

import (
	"maps"
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/keys"
)

// written is a datagram that may have to wait: for the peer to be found, or to have answered the one before. What goes
// to a peer that has not is lost on i2pd, see package streaming.
type written struct {
	p       *PacketConn
	to      keys.Destination
	payload []byte
	begin   time.Time
}

// maxHeld is how many datagrams may wait so for one peer.
const maxHeld = 64

// least is how sure the answers to a kind of datagrams are at least.
func least(kind datagram.Kind) streaming.Proof {
	switch kind {
	case datagram.Raw:
		return streaming.Anybody
	case datagram.Datagram3:
		return streaming.Claimed
	}
	return streaming.Signed // i2pd 2.59 answers a datagram2 by one that somebody else could have been sent
}

// mayWrite reports whether a datagram is to be given to the router now, and with which nonce; otherwise it is sent when
// its time has come.
func (m *machine) mayWrite(l *live, d *written) (nonce uint32, now bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live != l {
		return 0, true // which says why not
	}
	turn := streaming.Wait
	kept := func(before *written) bool { return before.p.kind == d.p.kind }
	if !slices.ContainsFunc(m.held.of(d.to), kept) { // they stay in order
		turn = m.engine.Turn(time.Now(), d.to, least(d.p.kind))
	}
	switch turn {
	case streaming.Wait:
		m.hold(d)
		return 0, false
	case streaming.First:
		nonce = m.expectFirst(d)
	}
	m.settle()
	return nonce, true
}

// hold keeps a datagram for later. The caller holds mu, as for all below.
func (m *machine) hold(d *written) {
	if len(m.held.of(d.to)) >= maxHeld {
		d.p.stats.Unanswered++
		return
	}
	m.held.add(d)
	for m.held.size > maxKept {
		list := m.held.most(d.to)
		last := list[len(list)-1]
		m.held.remove(last)
		last.p.stats.Unanswered++
	}
}

// expectFirst returns the nonce of a datagram that goes alone. The router forgets it when it does not find the peer at once,
// and says so to who has given a nonce alone: it is then sent again for some seconds.
func (m *machine) expectFirst(d *written) uint32 {
	m.firsts.add(d)
	if m.firsts.size > maxKept { // Java I2P may say nothing of any
		m.forgetFirsts(d)
	}
	return m.expect(0, func(s i2cpwire.DeliveryStatus) {
		now := time.Now()
		switch {
		case s == i2cpwire.StatusAccepted:
			return
		case undelivered(s) == nil:
			m.firsts.remove(d)
			m.engine.Reached(now, d.to)
		default:
			m.firsts.remove(d)
			m.engine.Unreached(now, d.to)
			m.unreached(d, now, hopeless(s))
		}
		m.settle()
	})
}

// forgetFirsts makes room for the last of those that may have to be sent again: those for which it is too late give way, and then
// the oldest of the peer that has most.
func (m *machine) forgetFirsts(last *written) {
	now := time.Now()
	forget := func(d *written) {
		m.firsts.remove(d)
		d.payload = nil
	}
	for _, of := range m.firsts.peers {
		for len(of.list) > 0 && of.list[0].late(now) {
			forget(of.list[0])
		}
	}
	for m.firsts.size > maxKept {
		forget(m.firsts.most(last.to)[0])
	}
}

// late reports whether it is too late to send a datagram again.
func (d *written) late(now time.Time) bool { return now.Sub(d.begin)+askAgain >= findTime }

// heard notes that a datagram has come, which lets those wait no longer that are to go to its sender and cannot have a surer
// answer: anybody could have the rest lost. What is signed is verified first, if it makes a difference; the rest is when it is read.
func (m *machine) heard(kind datagram.Kind, data []byte) {
	now := time.Now()
	if kind == datagram.Raw {
		m.engine.HeardAnybody(now)
		m.releaseRaw()
		return
	}
	hash, how := datagram.Claimed(kind, data), least(kind)
	if kind != datagram.Datagram3 {
		if !m.engine.WorthProving(now, hash, how) {
			return
		}
		d, err := datagram.Parse(kind, m.hash, data, now)
		if err != nil {
			return
		}
		how = proof(kind, d)
	}
	m.engine.Heard(now, hash, how)
}

// proof is how sure it is who has sent a datagram.
func proof(kind datagram.Kind, d datagram.Datagram) streaming.Proof {
	if kind == datagram.Datagram2 && !d.Unbound {
		return streaming.Proven
	}
	return least(kind)
}

// unsent tells that a datagram that was to go alone has not got to the router. The caller does not hold mu.
func (m *machine) unsent(nonce uint32, d *written) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.nonces, nonce)
	m.firsts.remove(d)
	m.engine.Unreached(time.Now(), d.to)
	m.settle()
}

// unreached keeps what can be tried again of what is for a peer that the router does not find.
func (m *machine) unreached(first *written, now time.Time, hopeless bool) {
	list := append([]*written{first}, m.held.take(first.to)...)
	for i, d := range list {
		switch {
		case d.payload == nil || hopeless || d.late(now) || d.p.closed:
		case i == 0:
			d.p.stats.Resent++
			fallthrough
		default:
			m.hold(d)
		}
	}
}

// abandon drops what has waited for a peer that too many others have pushed out of memory.
func (m *machine) abandon(to keys.Destination) {
	for _, d := range m.held.take(to) {
		d.p.stats.Unanswered++
	}
}

// releaseRaw sends the raw datagrams that have waited: what has come may be the answer of any peer.
func (m *machine) releaseRaw() {
	if m.held.raw == 0 {
		return
	}
	for _, to := range slices.Collect(maps.Keys(m.held.peers)) {
		m.release(to)
	}
}

// release sends the datagrams that have waited for a peer, as far as they may go.
func (m *machine) release(to keys.Destination) {
	if m.live == nil {
		return
	}
	l := m.live
	for _, d := range m.held.take(to) {
		var nonce uint32
		switch m.engine.Turn(time.Now(), to, least(d.p.kind)) {
		case streaming.Wait:
			m.held.add(d)
			continue
		case streaming.First:
			nonce = m.expectFirst(d)
		}
		l.send(i2cpwire.SendMessage{Session: l.id, To: to, Payload: d.payload, Nonce: nonce})
	}
}
