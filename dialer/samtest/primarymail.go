package samtest

// taker returns the subsession that gets what comes to a port, nil if there is none. The caller
// holds the lock.
func (p *primary) taker(protocol, port string) *session {
	var rest *session
	for _, s := range p.subs {
		switch s.claim {
		case claim{protocol, orElse(port, "0")}:
			return s
		case claim{protocol, "0"}:
			rest = s
		}
	}
	return rest
}

// serves reports whether an ACCEPT may get a stream. The caller holds the lock.
func (ep *endpoint) serves(a *acceptor, st *stream) bool {
	return ep.primary == nil || ep.b.f.i2pd || a.s == ep.primary.taker(protoStream, st.toPort)
}

// maxBacklog is how many streams wait in a subsession on Java I2P.
const maxBacklog = 64

// offerSub is Java's way with a stream for a subsession that has no ACCEPT: it is taken, and waits for one.
func (ep *endpoint) offerSub(st *stream) {
	if ep.primary.taker(protoStream, st.toPort) == nil || len(ep.pending) >= maxBacklog {
		st.refuse()
		return
	}
	st.respond("")
	ep.pending = append(ep.pending, st)
}

// mailFor returns the session of a destination on this bridge that gets a datagram, nil if there is
// none. The caller holds the lock.
func (b *Bridge) mailFor(g gram, to *endpoint) *session {
	if to.primary != nil && !b.f.i2pd {
		protocol := protoDatagram
		if !g.repliable {
			protocol = g.protocol
		}
		return to.primary.taker(protocol, g.toPort)
	}
	for _, s := range b.sessions {
		if s.dest == to.dest && s.mail != nil && s.ep != nil && !s.isSub() {
			return s
		}
	}
	return nil
}
