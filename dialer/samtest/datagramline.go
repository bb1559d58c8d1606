package samtest

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-i2p/i2psocks/keys"
)

// isSend reports whether a line has a payload behind it.
func isSend(line string) bool {
	return strings.HasPrefix(line, "DATAGRAM SEND ") || strings.HasPrefix(line, "RAW SEND ")
}

// datagramSend carries out DATAGRAM SEND and RAW SEND, which nobody answers.
func (c *conn) datagramSend(req request) bool {
	nw := c.b.nw
	nw.mu.Lock()
	s := c.session
	nw.mu.Unlock()
	raw := req.verb == "RAW"
	size, err := strconv.Atoi(req.value("SIZE"))
	bad := s == nil || s.mail == nil || (s.mail.style == "RAW") != raw || err != nil || size < 0
	if bad {
		nw.violate("conn %d: no session of this style, or no SIZE: %s", c.number, redact(req.line))
	}
	if c.b.f.i2pd {
		return c.sendOneSegment(s, req, size, bad)
	}
	limit := maxRepliable
	if raw {
		limit = maxRaw
	}
	if bad || size == 0 || size > limit {
		if !bad {
			nw.violate("conn %d: SIZE is not from 1 to %d: %s", c.number, limit, redact(req.line))
		}
		return false
	}
	for len(c.buf) < size {
		seg, err := c.segment(0)
		if err != nil {
			return false
		}
		c.buf = append(c.buf, seg...)
	}
	payload := c.buf[:size:size]
	c.buf = c.buf[size:]
	nw.mu.Lock()
	defer nw.mu.Unlock()
	to := c.b.resolve(req.value("DESTINATION"))
	if to.dest.IsZero() {
		return false
	}
	s.send(to.dest, s.outgoing(payload, req))
	return true
}

// sendOneSegment is i2pd's way: all must be in one segment, or the connection is of no more use.
func (c *conn) sendOneSegment(s *session, req request, size int, bad bool) bool {
	payload := c.buf
	c.buf = nil
	nw := c.b.nw
	switch {
	case bad:
	case len(req.line)+1+size > maxLine:
		nw.violate("conn %d: more than %d bytes in DATAGRAM SEND", c.number, maxLine)
		bad = true
	case len(payload) < size:
		nw.violate("conn %d: line and payload not in one segment: %s", c.number, redact(req.line))
		if c.b.Router == I2PD259 && req.verb == "RAW" {
			return false
		}
		bad = true
	case len(payload) > size:
		nw.violate("conn %d: SIZE is not that of the payload, or the next line is in its segment: %s", c.number, redact(req.line))
	}
	if bad {
		<-c.in.gone // wedged
		return false
	}
	nw.mu.Lock()
	defer nw.mu.Unlock()
	if to, err := keys.ParseDestination(req.value("DESTINATION")); err == nil {
		s.send(to, s.outgoing(payload[:size:size], request{}))
	}
	return true
}

// outgoing makes a datagram of a payload and the options that came with it. The caller holds the lock.
func (s *session) outgoing(payload []byte, options request) gram {
	g := s.mail.defaults
	g.from, g.payload = s.dest, payload
	if s.b.f.i2pd {
		g.fromPort, g.toPort = "0", "0"
	}
	g.fromPort = orElse(options.value("FROM_PORT"), g.fromPort)
	g.toPort = orElse(options.value("TO_PORT"), g.toPort)
	g.protocol = orElse(options.value("PROTOCOL"), g.protocol)
	return g
}

// received writes a datagram to the control connection.
func (m *mailbox) received(g gram) {
	f := m.c.b.f
	line := fmt.Sprintf("RAW RECEIVED SIZE=%d", len(g.payload))
	if m.style != "RAW" {
		line = fmt.Sprintf("DATAGRAM RECEIVED DESTINATION=%s SIZE=%d", m.sender(g), len(g.payload))
	} else if !f.i2pd && m.c.version >= "3.2" {
		line += " PROTOCOL=" + g.protocol
	}
	switch {
	case f.i2pd && f.modern && m.style != "RAW", !f.i2pd && m.c.version >= "3.2":
		line += " FROM_PORT=" + g.fromPort + " TO_PORT=" + g.toPort
	}
	packet := append([]byte(line+"\n"), g.payload...)
	room := 8 << 10
	if f.modern {
		room = 16 << 10
	}
	if f.i2pd && len(packet) >= room {
		return
	}
	verb, _, _ := strings.Cut(line, " ")
	fault := m.c.b.takeFault(request{verb: verb, action: "RECEIVED"})
	if fault != nil && fault.Raw != nil {
		packet = fault.Raw
	}
	m.c.sendAs(fault, packet)
}

// forwarded returns the packet that carries a datagram to the client's own socket.
func (m *mailbox) forwarded(g gram) []byte {
	f, line := m.c.b.f, ""
	ports := "FROM_PORT=" + g.fromPort + " TO_PORT=" + g.toPort
	modern := !f.i2pd && m.c.version >= "3.2"
	switch {
	case m.style == "RAW" && m.header && modern:
		line = "PROTOCOL=" + g.protocol + " " + ports + "\n"
	case m.style == "RAW":
	case modern:
		line = m.sender(g) + " " + ports + "\n"
	default:
		line = m.sender(g) + "\n"
	}
	return append([]byte(line), g.payload...)
}

// sender returns who sent a datagram: of DATAGRAM3, which is not signed, the hash.
func (m *mailbox) sender(g gram) string {
	if m.style != "DATAGRAM3" {
		return g.from.Base64()
	}
	hash := g.from.Hash()
	return base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").EncodeToString(hash[:])
}
