package samtest

import (
	"net/netip"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// session is one SAM session. All of it is guarded by the network's lock.
type session struct {
	b       *Bridge
	id      string
	private string // the key as it was given, or made
	dest    keys.Destination
	ls      leaseSet
	options map[string]string
	ep      *endpoint // nil while the tunnels are being built
	ends    map[*end]struct{}
	early   []*acceptor // i2pd takes them before the tunnels stand
	over    bool
	mail    *mailbox // nil for STYLE=STREAM
	primary *primary // nil unless the session is a PRIMARY one or a subsession
	claim   claim    // of a subsession
	zombie  bool     // it has outlived its PRIMARY session
}

// sessionCreate answers SESSION CREATE, after the time that tunnels take.
func (c *conn) sessionCreate(req request) bool {
	if result, message := c.checkCreate(req); result != "" {
		return c.refuse("SESSION STATUS", result, message)
	}
	if bad := c.b.f.fatalOption(req); bad != "" {
		return c.crash(bad)
	}
	mail, problem, mute := c.newMailbox(req)
	switch {
	case mute:
		<-c.in.gone
		return false
	case problem != "":
		return c.refuse("SESSION STATUS", "I2P_ERROR", problem)
	}
	s, result := c.newSession(req, mail)
	if result != "" {
		return c.refuse("SESSION STATUS", result, "")
	}
	if !c.sleep(c.b.buildTime(s)) {
		c.abandon(s)
		return false
	}
	c.b.nw.mu.Lock()
	if !s.over {
		s.start()
	}
	c.b.nw.mu.Unlock()
	return c.reply("SESSION STATUS RESULT=OK DESTINATION=" + s.private)
}

// checkCreate returns the error that the router finds in the line itself.
func (c *conn) checkCreate(req request) (result, message string) {
	style, id, dest := req.value("STYLE"), req.value("ID"), req.value("DESTINATION")
	if c.b.f.i2pd {
		switch {
		case c.refusesMaster(style):
			return "I2P_ERROR", "MASTER session is not supported"
		case !c.b.f.knows(style):
			return "I2P_ERROR", "Unknown STYLE"
		case id == "" || strings.ContainsAny(id, `<>"'/`):
			return "INVALID_ID", ""
		case dest == "":
			return "INVALID_KEY", ""
		}
		if host := req.value("HOST"); host != "" {
			if _, err := netip.ParseAddr(host); err != nil {
				return "I2P_ERROR", "Invalid IP Address in HOST"
			}
		}
		return "", ""
	}
	c.b.nw.mu.Lock()
	again := c.session != nil
	c.b.nw.mu.Unlock()
	switch kind := req.value("SIGNATURE_TYPE"); {
	case again:
		return "I2P_ERROR", "Session already exists"
	case dest == "":
		return "I2P_ERROR", "DESTINATION not specified"
	case id == "":
		return "I2P_ERROR", "ID not specified"
	case style == "":
		return "I2P_ERROR", "No SESSION STYLE specified"
	case !c.b.f.knows(style):
		return "I2P_ERROR", "Unrecognized SESSION STYLE"
	case dest == "TRANSIENT" && !c.b.f.signs(kind):
		return "I2P_ERROR", "SIGNATURE_TYPE " + kind + " unsupported"
	case !c.b.f.encrypts(req.value("i2cp.leaseSetEncType")):
		return "I2P_ERROR", "Error creating I2PSocketManager: [SAM TCP Client(CLOSED)]: Failed to build tunnels"
	}
	return "", ""
}

// newSession registers a session whose tunnels are yet to be built.
func (c *conn) newSession(req request, mail *mailbox) (s *session, result string) {
	s = &session{b: c.b, mail: mail, id: req.value("ID"), ls: c.b.f.newLeaseSet(req), options: shownOptions(req), ends: make(map[*end]struct{})}
	var id keys.Identity
	var err error
	if key := req.value("DESTINATION"); key == "TRANSIENT" {
		id, err = keys.Generate()
	} else {
		id, err = keys.ParseIdentity(padBase64(key, !c.b.f.i2pd))
		s.private = key
	}
	if err != nil {
		return nil, "INVALID_KEY"
	}
	s.private, s.dest = orElse(s.private, id.Reveal()), id.Destination()
	if isPrimary(req.value("STYLE")) {
		s.primary = &primary{main: s, subs: make(map[string]*session)}
	}

	c.b.nw.mu.Lock()
	defer c.b.nw.mu.Unlock()
	if c.b.sessions[s.id] != nil || c.b.isReserved(s.id) {
		if c.b.f.java {
			delete(c.b.sessions, s.id) // its clean-up hits the first session
		}
		return nil, "DUPLICATED_ID"
	}
	if !c.b.f.i2pd && (c.b.isReserved(s.private) || c.b.uses(s.dest)) {
		return nil, "DUPLICATED_DEST"
	}
	c.b.sessions[s.id] = s
	c.session = s // a second session of an i2pd socket orphans the first
	c.b.nw.notify()
	return s, ""
}

// buildTime returns how long the tunnels of s take. i2pd has those of a key
// that is in use, or was until a moment ago, at once.
func (b *Bridge) buildTime(s *session) time.Duration {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if b.endpoints[s.dest] != nil || b.BuildTime < 0 {
		return 0
	}
	if b.BuildTime > 0 {
		return b.BuildTime
	}
	return b.f.build
}

// abandon ends a session whose client left before the tunnels stood. i2pd
// keeps the ID until it looks again; Java keeps ID and key for 5 s.
func (c *conn) abandon(s *session) {
	nw := c.b.nw
	nw.mu.Lock()
	defer nw.mu.Unlock()
	hold := lingering
	if c.b.f.i2pd {
		hold = c.b.f.build
	}
	if c.b.f.i2pd || c.b.f.java {
		until := time.Now().Add(hold)
		c.b.reserved[s.id] = until
		if c.b.f.java {
			c.b.reserved[s.private] = until
		}
	}
	s.end(false)
}

// isReserved reports whether an ID or a key is still taken by an abandoned
// session. The caller holds the lock.
func (b *Bridge) isReserved(word string) bool {
	until, ok := b.reserved[word]
	return ok && time.Now().Before(until)
}

// uses reports whether a session of the bridge has the destination. The caller holds the lock.
func (b *Bridge) uses(d keys.Destination) bool {
	for _, s := range b.sessions {
		if s.dest == d && !s.zombie {
			return true
		}
	}
	return b.endpoints[d] != nil
}

// padBase64 completes the padding that Java does not ask for.
func padBase64(s string, lenient bool) string {
	if !lenient || strings.HasSuffix(s, "=") {
		return s
	}
	return s + strings.Repeat("=", (4-len(s)%4)%4)
}

// start makes the session usable: its tunnels stand. The caller holds the lock.
func (s *session) start() {
	s.ep = s.b.endpoints[s.dest]
	if s.ep == nil {
		s.ep = &endpoint{b: s.b, dest: s.dest, ls: s.ls}
		s.b.endpoints[s.dest] = s.ep
		s.b.nw.publish(s.ep)
	}
	s.ep.primary = s.primary
	for _, a := range s.early {
		if !a.gone {
			s.ep.add(a)
		}
	}
	s.early = nil
	if s.mail != nil {
		s.b.nw.wg.Go(s.mail.run)
	}
	s.b.nw.notify()
}

// end closes the session; abrupt is the end of the whole router. The caller holds the lock.
func (s *session) end(abrupt bool) {
	if s.over {
		return
	}
	s.over = true
	if s.b.sessions[s.id] == s {
		delete(s.b.sessions, s.id)
	}
	for e := range s.ends {
		e.sessionEnds(abrupt)
	}
	for _, a := range s.early {
		close(a.given)
	}
	if s.mail != nil && !s.zombie {
		close(s.mail.done)
	}
	if s.primary != nil && !s.isSub() {
		s.primary.endSubs(abrupt)
	}
	if s.isSub() {
		s.leave()
	} else if s.ep != nil {
		s.ep.sessionEnds(s)
	}
	s.b.nw.notify()
}
