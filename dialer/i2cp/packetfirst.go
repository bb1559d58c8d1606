package i2cp

import (
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// firsts are the peers to which datagrams were sent before, of which the router has the lease set.
type firsts struct {
	found   map[[32]byte]struct{}
	waiting []time.Time // when those were written of which nothing is known yet
}

const (
	maxFound = 1024 // peers that are remembered
	maxFirst = 64   // datagrams that may wait for a peer to be found
	// unknownAfter is when nothing more is expected: Java I2P may send no status at all.
	unknownAfter = time.Minute
)

// first returns the nonce of a datagram if it is the first to a peer: the router forgets it when it does not find the
// peer at once, and says so to who has given a nonce alone. It is then sent again for some seconds.
func (p *PacketConn) first(l *live, to keys.Destination, payload []byte) uint32 {
	m := p.m
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &l.firsts
	hash := to.Hash()
	now := time.Now()
	f.waiting = slices.DeleteFunc(f.waiting, func(t time.Time) bool { return now.Sub(t) > unknownAfter })
	if _, ok := f.found[hash]; ok || len(f.waiting) >= maxFirst || m.live != l {
		return 0
	}
	f.waiting = append(f.waiting, now)
	return p.expect(l, to, payload, now)
}

// expect returns the nonce of one sending. The caller holds m.mu.
func (p *PacketConn) expect(l *live, to keys.Destination, payload []byte, begin time.Time) uint32 {
	m := p.m
	return m.expect(0, func(s i2cpwire.DeliveryStatus) {
		switch {
		case s == i2cpwire.StatusAccepted:
			return
		case undelivered(s) == nil:
			l.firsts.find(to.Hash())
		case !hopeless(s) && time.Since(begin)+askAgain < findTime && !p.closed:
			p.stats.Resent++
			time.AfterFunc(askAgain, func() { p.again(l, to, payload, begin) })
			return
		}
		l.firsts.done(begin)
	})
}

// again sends a datagram once more.
func (p *PacketConn) again(l *live, to keys.Destination, payload []byte, begin time.Time) {
	p.m.mu.Lock()
	if p.m.live != l || p.closed {
		l.firsts.done(begin)
		p.m.mu.Unlock()
		return
	}
	nonce := p.expect(l, to, payload, begin)
	p.m.mu.Unlock()
	l.send(i2cpwire.SendMessage{Session: l.id, To: to, Payload: payload, Nonce: nonce})
}

// done forgets a datagram of which all is known.
func (f *firsts) done(begin time.Time) {
	if i := slices.Index(f.waiting, begin); i >= 0 {
		f.waiting = slices.Delete(f.waiting, i, i+1)
	}
}

func (f *firsts) find(hash [32]byte) {
	if f.found == nil || len(f.found) >= maxFound {
		f.found = make(map[[32]byte]struct{})
	}
	f.found[hash] = struct{}{}
}
