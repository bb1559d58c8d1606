package samtest

import "time"

// streamAccept answers STREAM ACCEPT, waits for a stream and carries it.
func (c *conn) streamAccept(req request) bool {
	s, ok := c.streamSession(req)
	if !ok {
		return false
	}
	nw := c.b.nw
	nw.mu.Lock()
	forwarded := s.ep != nil && s.ep.forward != nil
	nw.mu.Unlock()
	if forwarded && !c.b.f.i2pd {
		c.reply("STREAM STATUS RESULT=OK")
		c.reply(status("STREAM STATUS", "ALREADY_ACCEPTING", "a forwarding server is already defined for this destination"))
		return false
	}
	a := &acceptor{s: s, since: time.Now(), given: make(chan *end, 1)}
	c.place(a) // before the reply: whoever knows of it can count on it
	if !c.reply("STREAM STATUS RESULT=OK") {
		c.withdraw(a)
		return false
	}
	e := c.await(a)
	if e == nil {
		return false
	}
	c.runAccepted(e, c.b.f.isTrue(req.value("SILENT")))
	return false
}

// place lets an ACCEPT wait for its turn.
func (c *conn) place(a *acceptor) {
	c.b.nw.mu.Lock()
	defer c.b.nw.mu.Unlock()
	switch s := a.s; {
	case s.over: // just now
		close(a.given)
	case s.ep == nil:
		s.early = append(s.early, a)
	case !s.ep.dead && s.ep.forward == nil:
		s.ep.add(a)
	}
	c.b.nw.notify()
}

// withdraw takes back an ACCEPT whose client left.
func (c *conn) withdraw(a *acceptor) {
	c.b.nw.mu.Lock()
	defer c.b.nw.mu.Unlock()
	a.gone = true
	if a.s.ep != nil {
		a.s.ep.remove(a)
	}
	c.b.nw.notify()
	select {
	case e := <-a.given: // just now
		if e != nil {
			e.close()
			e.peer.hangUp()
		}
	default:
	}
}

// await waits for the stream of an ACCEPT; nil means that the connection ends.
func (c *conn) await(a *acceptor) *end {
	for {
		select {
		case e := <-a.given:
			return e
		case seg := <-c.in.segs:
			c.b.nw.violate("conn %d: data on a waiting ACCEPT", c.number)
			c.buf = append(c.buf, seg...)
			if !c.b.f.i2pd {
				continue // it goes to the peer, once there is one
			}
		case <-c.in.gone:
		}
		c.withdraw(a)
		return nil
	}
}

// runAccepted carries the accepter's end, behind the line that names the peer.
func (c *conn) runAccepted(e *end, silent bool) {
	st := e.st
	line := st.from.Base64()
	if !c.b.f.i2pd && c.version >= "3.2" {
		line += " FROM_PORT=" + orElse(st.fromPort, "0") + " TO_PORT=" + orElse(st.toPort, "0")
	}
	if silent {
		line = ""
	}
	e.c = c
	named := request{verb: "STREAM", action: "ACCEPTED"}
	c.fault = c.b.takeFault(named)
	done, alive := c.obey(named)
	switch {
	case done && alive:
		line = ""
	case done:
		c.b.nw.mu.Lock()
		e.close()
		e.peer.hangUp()
		c.b.nw.mu.Unlock()
		return
	}
	var hold time.Duration
	if c.fault != nil {
		hold = c.fault.Hold
	}
	e.run(line, hold)
}
