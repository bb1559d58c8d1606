package samtest

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// streamConnect answers STREAM CONNECT and carries the stream.
func (c *conn) streamConnect(req request) bool {
	if c.b.f.stale && len(c.buf) > 0 {
		c.buf = bytes.Repeat([]byte("\xde\xad"), len(c.buf))[:len(c.buf)]
	}
	s, ok := c.streamSession(req)
	if !ok {
		return false
	}
	silent := c.b.f.isTrue(req.value("SILENT"))
	st, result, message := c.dial(s, req)
	if st == nil {
		if !silent && result != "" {
			c.refuse("STREAM STATUS", result, message)
		}
		return false
	}
	line, hold := "STREAM STATUS RESULT=OK", coalescing
	if silent {
		line = ""
	}
	if c.b.f.i2pd {
		hold = 0 // it answers before the peer does
	}
	if c.fault != nil && c.fault.Hold != 0 {
		hold = c.fault.Hold
	}
	c.checkPipelined()
	st.a.run(line, hold)
	return false
}

// streamSession finds the session of a STREAM command, or refuses it.
func (c *conn) streamSession(req request) (*session, bool) {
	f, id := c.b.f, req.value("ID")
	c.b.nw.mu.Lock()
	s, own := c.b.sessions[id], c.session
	building := s != nil && s.ep == nil
	dead := s != nil && s.ep != nil && s.ep.dead && req.action == "CONNECT"
	c.b.nw.mu.Unlock()
	missing := s == nil || dead
	switch {
	case own != nil && f.i2pd:
		c.refuse("SESSION STATUS", "I2P_ERROR", "Socket already in use")
	case own != nil:
		c.refuse("STREAM STATUS", "I2P_ERROR", "v3 control socket cannot be used for STREAM")
	case missing && f.i2pd:
		c.refuse("STREAM STATUS", "INVALID_ID", "")
	case id == "":
		c.refuse("STREAM STATUS", "I2P_ERROR", "ID not specified")
	case missing:
		c.refuse("STREAM STATUS", "INVALID_ID", "STREAM SESSION ID "+id+" does not exist")
	case (building || s.mail != nil) && !f.i2pd:
		c.refuse("STREAM STATUS", "I2P_ERROR", "specified ID "+id+" is not a STREAM session")
	case building && req.action == "CONNECT":
		c.refuse("STREAM STATUS", "CANT_REACH_PEER", f.message("LeaseSet not found"))
	case c.refusePrimary(s, req):
	default:
		return s, true
	}
	return nil, false
}

// dial connects to the destination of a STREAM CONNECT. Without a stream it
// returns the error to answer, none if the client left.
func (c *conn) dial(s *session, req request) (st *stream, result, message string) {
	f, name := c.b.f, req.value("DESTINATION")
	if name == "" && !f.i2pd {
		return nil, "I2P_ERROR", "No parameters specified in STREAM CONNECT message"
	}
	nw := c.b.nw
	nw.mu.Lock()
	t := c.b.resolveFor(s, name)
	nw.mu.Unlock()
	if t.live != nil && t.live.b.frozen() {
		t.live = nil
	}
	fits := !t.known || s.ls.fits(t.ls)
	var wait time.Duration
	switch {
	case t.b32 == "" && t.dest.IsZero():
		result, message = "INVALID_KEY", "Host name not found: "+name
		if f.i2pd {
			message = ""
		}
	case f.i2pd && !f.selfConnect && t.dest == s.dest:
		result, message = "CANT_REACH_PEER", "Can't connect to myself"
	case !t.known && f.i2pd:
		wait, result, message = f.search, "CANT_REACH_PEER", f.message("LeaseSet not found")
	case !t.known && t.b32 != "":
		wait, result, message = f.search, "INVALID_KEY", "Lease set not found: "+t.b32
	case !fits && f.i2pd && f.messages && !slices.Contains(s.ls.types, "0"):
		result, message = "CANT_REACH_PEER", "Incompatible crypto"
	case (t.live == nil || !fits) && !f.i2pd:
		wait, result, message = f.connect, "CANT_REACH_PEER", "Connection timed out"
	}
	if result != "" {
		if !c.sleep(wait) {
			return nil, "", ""
		}
		return nil, result, message
	}
	if !fits {
		t.live = nil // the peer understands nothing
	}
	return c.open(s, t.live, req)
}

// open offers a stream to an endpoint; nil stands for one that is gone but
// still believed in. i2pd does not wait for the answer.
func (c *conn) open(s *session, ep *endpoint, req request) (st *stream, result, message string) {
	nw, far := c.b.nw, c.b
	if ep != nil {
		far = ep.b
	}
	st = newStream(c, s, far)
	if !c.b.f.i2pd {
		st.fromPort, st.toPort = orElse(req.value("FROM_PORT"), "0"), orElse(req.value("TO_PORT"), "0")
	}
	nw.mu.Lock()
	s.ends[st.a] = struct{}{}
	switch {
	case ep == nil || ep.dead:
		st.b.cut.Store(true)
		st.b.close()
	default:
		ep.offer(st)
	}
	nw.notify()
	nw.mu.Unlock()
	if c.b.f.i2pd {
		return st, "", ""
	}
	select {
	case message = <-st.answer:
	case <-c.in.gone:
	}
	if message != "" {
		nw.mu.Lock()
		st.a.close()
		nw.mu.Unlock()
		return nil, "CANT_REACH_PEER", message
	}
	return st, "", ""
}

// message returns the text of an error where the router gives one.
func (f *flavour) message(text string) string {
	if f.messages {
		return text
	}
	return ""
}

func (f *flavour) isTrue(v string) bool {
	return v == "true" || !f.i2pd && strings.EqualFold(v, "true")
}
