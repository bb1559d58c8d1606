package i2cptest

import (
	"bytes"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

// pair is a sender and a receiver.
type pair struct{ from, to [32]byte }

// flow is what passes between them one way.
type flow struct {
	unanswered int       // messages that left since one came back
	tagset     int       // the same for ever, until the pair is made anew
	lost       int       // in a row
	cutUntil   time.Time // messages vanish until then
	ratchet    ratchet
}

// maxUnanswered is how many packets of streams that want an answer a living peer may be sent without one: twice i2pd's
// window, as answers may have opened it that the client has not read yet. With more, loss can cut the pair off.
const maxUnanswered = 1100

func (nw *Network) flow(p pair) *flow {
	f := nw.pairs[p]
	if f == nil {
		f = new(flow)
		nw.pairs[p] = f
	}
	return f
}

// overflow notes that a client did not take what it was sent.
func (c *conn) overflow() {
	c.r.stats.Overflow++
	c.r.nw.violate(c, "the client does not read")
}

// send takes a message. Statuses are told to who gave a nonce.
func (c *conn) send(m i2cpwire.SendMessage, status uint8, expires bool, end time.Time) {
	r, nw, s := c.r, c.r.nw, c.session
	r.stats.Messages++
	r.stats.Bytes += len(m.Payload)
	if s == nil || m.Session != s.id {
		nw.violate(c, "a message of session %d", m.Session)
		if r.f.java {
			c.status(m, i2cpwire.StatusBadSession)
		}
		return
	}
	if len(m.Payload) > i2cpwire.MaxPayload {
		nw.violate(c, "a payload of %d bytes", len(m.Payload))
	}
	if len(m.Payload) >= r.f.crash {
		r.stats.Crashes++
		r.kill()
		return
	}
	h, data, err := i2cpwire.ParsePayload(m.Payload)
	if err != nil {
		nw.violate(c, "%v", err)
	}
	if s.options["i2cp.messageReliability"] != "none" || r.f.java {
		c.status(m, i2cpwire.StatusAccepted)
	}
	to := m.To.Hash()
	known := s.reachable(to)
	switch {
	case status != 0:
		c.status(m, i2cpwire.DeliveryStatus(status))
	case s.published == 0:
		c.status(m, i2cpwire.StatusNoTunnels)
	case r.f.java && to == s.hash:
		c.status(m, i2cpwire.StatusLoopback)
	case r.f.java && expires && !end.IsZero() && end.UnixMilli() != 0 && end.Before(r.now()):
		c.status(m, i2cpwire.StatusExpired)
	case known == nil:
		c.status(m, i2cpwire.StatusNoLeaseSet)
	default:
		c.transmit(m, known, h.Protocol == i2cpwire.Streaming && wantsAnswer(data))
	}
}

// wantsAnswer reports whether a packet of the streaming protocol is one that is acknowledged: a SYN, or one with a
// sequence number.
func wantsAnswer(packet []byte) bool {
	if len(packet) < 20 {
		return false
	}
	n := 17 + 4*int(packet[16]) + 1
	syn := len(packet) > n+1 && packet[n+1]&1 != 0
	return syn || [4]byte(packet[8:]) != [4]byte{}
}

// status tells what became of a message.
func (c *conn) status(m i2cpwire.SendMessage, status i2cpwire.DeliveryStatus) {
	if m.Nonce == 0 || c.session == nil {
		return
	}
	c.session.message++
	c.out.push(i2cpwire.MessageStatus{
		Session: m.Session, Message: c.session.message, Status: status, Size: uint32(len(m.Payload)), Nonce: m.Nonce,
	}) // one that does not fit is dropped without a word
}

// transmit puts a message on the link.
func (c *conn) transmit(m i2cpwire.SendMessage, to *record, unanswered bool) {
	r, nw := c.r, c.r.nw
	if !r.f.java {
		c.status(m, i2cpwire.StatusGuaranteedSuccess)
	}
	p := pair{c.session.hash, to.dest.Hash()}
	f := nw.flow(p)
	f.tagset++
	if unanswered {
		f.unanswered++
	}
	if unanswered && to.session != nil && f.unanswered == maxUnanswered {
		nw.violate(c, "%d packets of streams to a peer that answers none", f.unanswered)
	}
	payload := bytes.Clone(m.Payload)
	first, leaves := f.ratchet.seal(r.f, time.Now())
	sent := leaves && len(payload) < r.f.tooBig && !f.cut(r.f) &&
		r.link.send(len(payload), func() { c.arrive(p, payload, m, first) })
	if !sent {
		f.loses(r.f)
		r.lose()
	}
}

func (r *Router) lose() {
	r.stats.Lost++
	r.nw.notify()
}

// cut reports whether the pair is cut off, as ratchets that have run out of tags are.
func (f *flow) cut(fl *flavour) bool {
	return fl.tagset > 0 && f.tagset > fl.tagset || time.Now().Before(f.cutUntil)
}

func (f *flow) loses(fl *flavour) {
	if f.lost++; f.lost > maxLost && !fl.java && !fl.instant {
		f.cutUntil = time.Now().Add(cutOff)
	}
}

// arrive gives a message to the receiver's router.
func (c *conn) arrive(p pair, payload []byte, m i2cpwire.SendMessage, first bool) {
	nw := c.r.nw
	to := nw.find(p.to)
	if to == nil || to.session == nil {
		nw.flow(p).loses(c.r.f)
		c.r.lose()
		return
	}
	back := nw.flow(pair{p.to, p.from})
	if !to.session.opened(&back.ratchet, first, time.Now()) {
		c.r.lose()
		return
	}
	nw.flow(p).lost = 0
	back.unanswered = 0
	if back.tagset < 65535 {
		back.tagset = 0
	}
	if c.r.f.java && !c.ended {
		final := i2cpwire.StatusGuaranteedSuccess
		if to.session.c.r == c.r {
			final = i2cpwire.StatusLocalSuccess
		}
		c.status(m, final)
	}
	to.session.deliver(payload)
}

// deliver gives a message to the client.
func (s *session) deliver(payload []byte) {
	if s.c.obey(s.c.r.takeFault(i2cpwire.TypeMessagePayload.String())) || s.gone {
		return
	}
	s.message++
	if !s.c.out.push(i2cpwire.MessagePayload{Session: s.id, Message: s.message, Payload: payload}) {
		s.c.overflow()
	}
}
