package samtest

import "slices"

// primary is what a PRIMARY or MASTER session and its subsessions share. All of it is guarded by the
// network's lock.
type primary struct {
	main *session
	subs map[string]*session // by ID
}

// claim is what of all that comes to a destination a subsession takes. Port 0 takes what nobody else does.
type claim struct{ protocol, port string }

// Protocol numbers of I2CP.
const (
	protoStream   = "6"
	protoDatagram = "17"
	protoRaw      = "18"
)

// isPrimary reports whether a STYLE is that of a session for subsessions.
func isPrimary(style string) bool { return style == "PRIMARY" || style == "MASTER" }

// isSub reports whether the session is a subsession. The caller holds the lock.
func (s *session) isSub() bool { return s.primary != nil && s.primary.main != s }

// refusesMaster reports whether i2pd finds the version too old for STYLE=MASTER.
func (c *conn) refusesMaster(style string) bool {
	return style == "MASTER" && c.b.f.i2pd && c.b.f.modern && c.version < "3.3"
}

// primarySession returns the session of the connection if it can have subsessions, else refuses.
func (c *conn) primarySession() (p *primary, alive bool) {
	c.b.nw.mu.Lock()
	if c.session != nil && c.session.primary != nil {
		p = c.session.primary
	}
	c.b.nw.mu.Unlock()
	if p != nil {
		return p, true
	}
	if c.b.f.i2pd {
		return nil, c.refuse("SESSION STATUS", "I2P_ERROR", "Wrong session type")
	}
	return nil, c.refuse("SESSION STATUS", "I2P_ERROR", "Not a PRIMARY session")
}

// sessionAdd answers SESSION ADD.
func (c *conn) sessionAdd(req request) bool {
	p, alive := c.primarySession()
	if p == nil {
		return alive
	}
	if c.b.f.i2pd {
		return c.addI2PD(p, req)
	}
	if problem := c.checkAdd(p, req); problem != "" {
		return c.refuse("SESSION STATUS", "I2P_ERROR", problem)
	}
	mail, problem, _ := c.newMailbox(req)
	if problem != "" {
		return c.refuse("SESSION STATUS", "I2P_ERROR", problem)
	}
	c.addSub(p, req, mail)
	return c.reply(`SESSION STATUS RESULT=OK ID="` + req.value("ID") + `" MESSAGE="ADD ` + req.value("ID") + `"`)
}

// checkAdd returns what Java I2P finds wrong.
func (c *conn) checkAdd(p *primary, req request) string {
	style, id, want := req.value("STYLE"), req.value("ID"), claimOf(req)
	c.b.nw.mu.Lock()
	defer c.b.nw.mu.Unlock()
	switch {
	case id == "":
		return "ID not specified"
	case style == "":
		return "No SESSION STYLE specified"
	case req.has("DESTINATION"):
		return "SESSION ADD may not contain DESTINATION"
	case c.b.sessions[id] != nil:
		return "Duplicate ID " + id
	case want.protocol == "":
		return "Unrecognized SESSION STYLE " + style
	case style != "STREAM" && !req.has("PORT"):
		return style + " subsession must specify PORT"
	}
	for _, s := range p.subs {
		if s.claim == want {
			return "Duplicate protocol " + want.protocol + " and port " + want.port
		}
	}
	return ""
}

// claimOf returns what a subsession asks for; its protocol is empty if there is no such style.
func claimOf(req request) claim {
	c := claim{port: orElse(orElse(req.value("LISTEN_PORT"), req.value("FROM_PORT")), "0")}
	switch req.value("STYLE") {
	case "STREAM":
		c.protocol = protoStream
	case "DATAGRAM":
		c.protocol = protoDatagram
	case "RAW":
		c.protocol = orElse(orElse(req.value("LISTEN_PROTOCOL"), req.value("PROTOCOL")), protoRaw)
	}
	return c
}

// addI2PD is i2pd's way: STREAM alone, and every subsession is the same as the MASTER.
func (c *conn) addI2PD(p *primary, req request) bool {
	nw, id := c.b.nw, req.value("ID")
	nw.mu.Lock()
	taken := c.b.sessions[id] != nil
	nw.mu.Unlock()
	if !req.has("FROM_PORT") {
		nw.violate("conn %d: SESSION ADD without FROM_PORT, which not every i2pd answers", c.number)
	}
	switch {
	case taken:
		return c.reply("SESSION STATUS RESULT=DUPLICATED_ID")
	case req.value("STYLE") != "STREAM":
		return c.refuse("SESSION STATUS", "I2P_ERROR", "Unsupported STYLE")
	case !req.has("FROM_PORT") && !c.b.f.modern:
		<-c.in.gone // wedged
		return false
	}
	c.addSub(p, req, nil)
	return c.reply("SESSION STATUS RESULT=OK DESTINATION=" + p.main.private)
}

// addSub makes the subsession.
func (c *conn) addSub(p *primary, req request, mail *mailbox) {
	c.b.nw.mu.Lock()
	defer c.b.nw.mu.Unlock()
	s := &session{
		b: c.b, id: req.value("ID"), private: p.main.private, dest: p.main.dest, ep: p.main.ep, ls: p.main.ls, mail: mail,
		options: shownOptions(req), ends: make(map[*end]struct{}), primary: p, claim: claimOf(req),
	}
	if p.main.over { // just now, with the whole router
		return
	}
	p.subs[s.id], c.b.sessions[s.id] = s, s
	if mail != nil {
		c.b.nw.wg.Go(mail.run)
	}
	c.b.nw.notify()
}

// sessionRemove answers SESSION REMOVE.
func (c *conn) sessionRemove(req request) bool {
	p, alive := c.primarySession()
	if p == nil {
		return alive
	}
	id := req.value("ID")
	c.b.nw.mu.Lock()
	s := p.subs[id]
	if s != nil {
		s.end(false)
	}
	c.b.nw.mu.Unlock()
	switch {
	case s != nil && c.b.f.i2pd:
		return c.reply("SESSION STATUS RESULT=OK DESTINATION=" + p.main.private)
	case s != nil:
		return c.reply(`SESSION STATUS RESULT=OK ID="` + id + `" MESSAGE="REMOVE ` + id + `"`)
	case c.b.f.i2pd:
		return c.refuse("SESSION STATUS", "INVALID_KEY", "")
	}
	return c.refuse("SESSION STATUS", "I2P_ERROR", "ID "+id+" not found")
}

// checkRemoved notes that a client leaves with subsessions that Java I2P would keep for ever.
func (c *conn) checkRemoved() {
	c.b.nw.mu.Lock()
	s := c.session
	left := s != nil && !s.over && s.primary != nil && len(s.primary.subs) > 0
	c.b.nw.mu.Unlock()
	if left && !c.b.f.i2pd && !c.spoilt { // on Instant too, which stands for Java
		c.b.nw.violate("conn %d: subsessions were not removed before their PRIMARY session ended", c.number)
	}
}

// endSubs ends the subsessions with their primary. Those of Java I2P live on as zombies: the ID is
// taken, ACCEPT says OK, and nothing ever comes. The caller holds the lock.
func (p *primary) endSubs(abrupt bool) {
	for _, s := range p.subs {
		if !s.b.f.java || abrupt {
			s.end(abrupt)
			continue
		}
		s.zombie = true
		for e := range s.ends {
			e.sessionEnds(abrupt)
		}
		if s.mail != nil {
			close(s.mail.done)
		}
	}
	clear(p.subs)
}

// leave takes a subsession out of its endpoint, which lives on. The caller holds the lock.
func (s *session) leave() {
	delete(s.primary.subs, s.id)
	if s.ep == nil || s.b.f.i2pd {
		return
	}
	s.ep.queue = slices.DeleteFunc(s.ep.queue, func(a *acceptor) bool {
		if a.s == s && !a.gone {
			close(a.given)
		}
		return a.s == s
	})
	s.ep.pending = slices.DeleteFunc(s.ep.pending, func(st *stream) bool {
		mine := s.ep.primary.taker(protoStream, st.toPort) == nil
		if mine {
			st.refuse()
		}
		return mine
	})
}

// refusePrimary answers a STREAM command with the ID of a primary session, and reports whether it was one.
func (c *conn) refusePrimary(s *session, req request) bool {
	if c.b.f.i2pd || s.primary == nil || s.isSub() {
		return false
	}
	switch req.action {
	case "ACCEPT":
		c.reply("STREAM STATUS RESULT=OK")
		c.reply(status("STREAM STATUS", "ALREADY_ACCEPTING", "primary session"))
	case "FORWARD":
		c.refuse("STREAM STATUS", "I2P_ERROR", "Forwarding failed : primary session")
	default:
		c.refuse("STREAM STATUS", "I2P_ERROR", "primary session")
	}
	return true
}

// shownOptions returns the options of a session without secrets.
func shownOptions(req request) map[string]string {
	options := make(map[string]string)
	for _, p := range req.params {
		if p.Key != "DESTINATION" && !isSecret(p.Key) {
			options[redact(p.Key)] = redact(p.Value)
		}
	}
	return options
}
