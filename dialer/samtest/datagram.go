package samtest

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Sizes of datagrams, in bytes.
const (
	maxRepliable = 31744    // Java; more vanishes
	maxRaw       = 32768    // Java; more vanishes
	maxUDP       = 32 << 10 // i2pd, header included; more is cut off
)

const (
	burst     = 92          // datagrams that may be on their way to one session; more are lost
	fetching  = time.Second // i2pd loses what is sent to a new peer before it knows where the peer is
	rawPacing = 400 * time.Millisecond
)

// gram is a datagram on its way.
type gram struct {
	repliable        bool
	from             keys.Destination
	payload          []byte
	fromPort, toPort string
	protocol         string
	due              time.Time
}

// mailbox is what a session has whose STYLE is not STREAM. All but in and done is guarded by the
// network's lock.
type mailbox struct {
	c        *conn
	style    string
	forward  netip.AddrPort // where to send what comes; zero is the control connection
	header   bool
	defaults gram // ports and protocol
	peers    map[keys.Destination]*correspondent
	in       chan gram
	done     chan struct{} // closed at the end of the session
}

// correspondent is what a session knows of a peer.
type correspondent struct {
	since time.Time // of the first datagram to it
	heard bool      // it has sent something
	last  time.Time // of the last raw datagram that got through
}

// knows reports whether the router has a STYLE.
func (f *flavour) knows(style string) bool {
	switch style {
	case "STREAM", "DATAGRAM", "RAW":
		return true
	case "PRIMARY":
		return !f.i2pd
	case "MASTER":
		return true
	case "DATAGRAM1", "DATAGRAM2", "DATAGRAM3":
		return f.i2pd && f.modern
	}
	return false
}

// newMailbox reads the options of SESSION CREATE. mute is that the router never answers.
func (c *conn) newMailbox(req request) (m *mailbox, problem string, mute bool) {
	f, style := c.b.f, req.value("STYLE")
	if style == "STREAM" || isPrimary(style) {
		return nil, "", false
	}
	m = &mailbox{
		c: c, style: style, header: f.isTrue(req.value("HEADER")),
		defaults: gram{
			repliable: style != "RAW",
			fromPort:  orElse(req.value("FROM_PORT"), "0"), toPort: orElse(req.value("TO_PORT"), "0"),
			protocol: orElse(req.value("PROTOCOL"), "18"),
		},
		peers: make(map[keys.Destination]*correspondent),
		in:    make(chan gram, burst),
		done:  make(chan struct{}),
	}
	if f == &flavours[Instant] {
		m.in = make(chan gram, 4096)
	}
	if !req.has("PORT") {
		if f.i2pd {
			c.b.nw.violate("conn %d: STYLE=%s without PORT, which not every i2pd answers", c.number, style)
		}
		return m, "", c.b.Router == I2PD256
	}
	port, err := strconv.ParseUint(req.value("PORT"), 10, 16)
	switch {
	case err != nil && f.i2pd && !f.modern:
		return nil, "", true
	case err != nil:
		return nil, "Invalid port", false
	}
	host := req.value("HOST")
	if host == "" && f.i2pd {
		return m, "", false
	}
	ip, err := netip.ParseAddr(orElse(host, "127.0.0.1"))
	if err != nil || !ip.IsLoopback() {
		c.b.nw.violate("conn %d: datagrams are forwarded to loopback addresses only", c.number)
		return m, "", false
	}
	m.forward = netip.AddrPortFrom(ip, uint16(port))
	c.b.UDPAddr() // from where they will come
	return m, "", false
}

// send sends a datagram. What is lost is lost without a word. The caller holds the lock.
func (s *session) send(to keys.Destination, g gram) {
	b := s.b
	b.stats.Datagrams++
	b.nw.notify()
	known := b.nw.find(to.Base32())
	if s.ep == nil || s.ep.dead || known == nil || known.local == nil || known.local.dead || !s.passes(to) {
		b.stats.Lost++
		return
	}
	far := known.local.b
	g.due = time.Now()
	if b.f.i2pd || b.f.java {
		g.due = g.due.Add(latency)
	}
	if r := far.mailFor(g, known.local); r != nil {
		r.mail.peer(s.dest).heard = true
		if got, ok := r.mail.reads(g); ok {
			select {
			case r.mail.in <- got:
				return
			default: // a burst
			}
		}
	}
	b.stats.Lost++
}

// peer returns what is known of a peer, making it if need be.
func (m *mailbox) peer(d keys.Destination) *correspondent {
	p := m.peers[d]
	if p == nil {
		p = new(correspondent)
		m.peers[d] = p
	}
	return p
}

// passes reports whether i2pd gets a datagram out: not while it looks for the peer, and of raw ones to
// a peer that has never sent anything only some a second.
func (s *session) passes(to keys.Destination) bool {
	if !s.b.f.i2pd {
		return true
	}
	p, now := s.mail.peer(to), time.Now()
	if p.since.IsZero() {
		p.since = now
	}
	switch {
	case p.heard:
		return true
	case now.Sub(p.since) < fetching:
		return false
	case s.mail.style == "RAW" && now.Sub(p.last) < rawPacing:
		return false
	}
	p.last = now
	return true
}

// reads reports what a session makes of a datagram that may be of another style.
func (m *mailbox) reads(g gram) (gram, bool) {
	f, raw := m.c.b.f, m.style == "RAW"
	switch {
	case g.repliable && raw && !f.i2pd: // unparsed
		signature := make([]byte, 64)
		g.payload = append(append(g.from.Bytes(), signature...), g.payload...)
	case g.repliable == raw, raw && f.i2pd && len(g.payload) == 0, m.style == "DATAGRAM2" && len(g.payload) == 0:
		return g, false
	}
	return g, true
}

// run delivers what comes until the session ends.
func (m *mailbox) run() {
	for {
		var g gram
		select {
		case g = <-m.in:
		case <-m.done:
			return
		}
		t := time.NewTimer(time.Until(g.due))
		select {
		case <-t.C:
		case <-m.done:
			t.Stop()
			return
		}
		if m.forward.IsValid() {
			m.c.b.sendUDP(m.forwarded(g), m.forward)
		} else {
			m.received(g)
		}
	}
}
