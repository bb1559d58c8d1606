package i2cp

import (
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

// What may wait so: datagrams to one destination, and bytes in all.
const (
	maxHeld      = 64
	maxHeldBytes = 1 << 20
)

// mayWrite reports whether a datagram is to be given to the router now, and with which nonce; otherwise it is sent when
// its time has come.
func (m *machine) mayWrite(l *live, d *written) (nonce uint32, now bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live != l {
		return 0, true // which says why not
	}
	turn := streaming.Wait
	if len(m.held[d.to]) == 0 { // they stay in order
		turn = m.engine.Turn(time.Now(), d.to)
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
	list := m.held[d.to]
	if len(list) >= maxHeld || m.heldBytes+len(d.payload) > maxHeldBytes {
		d.p.stats.Unanswered++
		return
	}
	m.heldBytes += len(d.payload)
	m.held[d.to] = append(list, d)
}

// expectFirst returns the nonce of a datagram that goes alone. The router forgets it when it does not find the peer at once,
// and says so to who has given a nonce alone: it is then sent again for some seconds.
func (m *machine) expectFirst(d *written) uint32 {
	m.firsts = append(m.firsts, d)
	m.firstBytes += len(d.payload)
	for m.firstBytes > maxHeldBytes || len(m.firsts) > maxNonces { // Java I2P may say nothing of any
		oldest := m.firsts[0]
		m.takeFirst(oldest)
		oldest.payload = nil
	}
	return m.expect(0, func(s i2cpwire.DeliveryStatus) {
		now := time.Now()
		switch {
		case s == i2cpwire.StatusAccepted:
			return
		case undelivered(s) == nil:
			m.takeFirst(d)
			m.engine.Reached(now, d.to)
		default:
			m.takeFirst(d)
			m.engine.Unreached(now, d.to)
			m.unreached(d, now, hopeless(s))
		}
		m.settle()
	})
}

// takeFirst takes a datagram out of those that may have to be sent again.
func (m *machine) takeFirst(d *written) {
	if i := slices.Index(m.firsts, d); i >= 0 {
		m.firsts = slices.Delete(m.firsts, i, i+1)
		m.firstBytes -= len(d.payload)
	}
}

// heard notes that a datagram has come, which lets those wait no longer that are to go to its sender. Who claims to be
// somebody else can do no more than that.
func (m *machine) heard(kind datagram.Kind, data []byte) {
	if kind == datagram.Raw {
		m.engine.HeardAnybody(time.Now())
	} else {
		m.engine.Heard(time.Now(), datagram.Claimed(kind, data))
	}
}

// unsent tells that a datagram that was to go alone has not got to the router. The caller does not hold mu.
func (m *machine) unsent(nonce uint32, d *written) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.nonces, nonce)
	m.takeFirst(d)
	m.engine.Unreached(time.Now(), d.to)
	m.settle()
}

// unreached keeps what can be tried again of what is for a peer that the router does not find.
func (m *machine) unreached(first *written, now time.Time, hopeless bool) {
	list := append([]*written{first}, m.held[first.to]...)
	m.dropHeld(first.to)
	for i, d := range list {
		switch {
		case d.payload == nil || hopeless || now.Sub(d.begin)+askAgain >= findTime || d.p.closed:
		case i == 0:
			d.p.stats.Resent++
			fallthrough
		default:
			m.hold(d)
		}
	}
}

func (m *machine) dropHeld(to keys.Destination) {
	for _, d := range m.held[to] {
		m.heldBytes -= len(d.payload)
	}
	delete(m.held, to)
}

// release sends the datagrams that have waited for a peer, as far as they may go.
func (m *machine) release(to keys.Destination) {
	list := m.held[to]
	if len(list) == 0 || m.live == nil {
		return
	}
	m.dropHeld(to)
	l := m.live
	for i, d := range list {
		var nonce uint32
		switch m.engine.Turn(time.Now(), to) {
		case streaming.Wait:
			for _, d := range list[i:] {
				m.hold(d)
			}
			return
		case streaming.First:
			nonce = m.expectFirst(d)
		}
		l.send(i2cpwire.SendMessage{Session: l.id, To: to, Payload: d.payload, Nonce: nonce})
	}
}
