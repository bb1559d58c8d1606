package i2cptest

import (
	"bytes"
	"crypto/ecdh"
	"slices"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// session is one that a client created. All is guarded by the network's lock.
type session struct {
	c       *conn
	id      uint16
	dest    keys.Destination
	hash    [32]byte
	options i2cpwire.Mapping
	gone    bool

	tunnels    int
	asked      [][]i2cpwire.Lease // what the open requests are about, oldest first
	deadline   *time.Timer        // of the next answer
	failures   int                // of answers, in a row
	published  int                // lease sets taken
	last       time.Time          // Published of the last one
	key        []byte             // the private encryption key
	encrypted  *i2cpwire.EncryptedLeaseSet
	clientKeys map[[32]byte]i2cpwire.ClientKey // by the public signing key of a service
	message    uint32
	lastFirst  time.Time // when the first message of a peer's session came last
}

func newSession(c *conn, m i2cpwire.SessionConfig) *session {
	return &session{
		c: c, id: c.randomID(), dest: m.Destination, hash: m.Destination.Hash(), options: m.Options,
		clientKeys: make(map[[32]byte]i2cpwire.ClientKey),
	}
}

// hidden reports whether the session's lease set is not published.
func (s *session) hidden() bool { return s.options["i2cp.dontPublishLeaseSet"] == "true" }

// build asks for lease sets as tunnels come up, and again before they end.
func (s *session) build() {
	nw, f := s.c.r.nw, s.c.r.f
	first := s.c.r.BuildTime
	if first == 0 {
		first = f.build
	}
	request := func(tunnels int) func() {
		return func() {
			if !s.gone {
				s.tunnels = tunnels
				s.requestLeaseSet()
			}
		}
	}
	if first <= 0 {
		request(2)()
	} else {
		nw.after(first, request(1))
		nw.after(first+f.second, request(2))
	}
	s.renew(leaseLife - renewal + max(first, 0))
}

func (s *session) renew(after time.Duration) {
	s.c.r.nw.after(after, func() {
		if !s.gone {
			s.requestLeaseSet()
			s.renew(leaseLife - renewal)
		}
	})
}

// requestLeaseSet asks for a lease set of fresh tunnels.
func (s *session) requestLeaseSet() {
	r := s.c.r
	var leases []i2cpwire.Lease
	for range max(s.tunnels, 1) {
		l := i2cpwire.Lease{Tunnel: r.nw.random.Uint32(), End: r.now().Add(leaseLife).Truncate(time.Millisecond)}
		l.Gateway[0], l.Gateway[1] = byte(r.nw.random.Uint32()), 1
		leases = append(leases, l)
	}
	s.asked = append(s.asked, leases)
	fault := r.takeFault(i2cpwire.TypeRequestVariableLeaseSet.String())
	if s.c.obey(fault) {
		return
	}
	if !s.c.out.push(i2cpwire.RequestVariableLeaseSet{Session: s.id, Leases: leases}) {
		s.c.overflow()
	}
	if s.deadline == nil {
		s.deadline = r.nw.after(answerTime, s.unanswered)
	}
}

// unanswered is called 10 s after a request for a lease set.
func (s *session) unanswered() {
	s.deadline = nil
	if s.gone || len(s.asked) == 0 {
		return
	}
	s.c.r.nw.violate(s.c, "no valid lease set within %v", answerTime)
	if s.failures++; !s.c.r.f.java {
		s.c.end()
	} else if s.failures == 6 {
		s.c.disconnect("Failed to request a lease set")
	} else {
		s.requestLeaseSet()
	}
}

// createLeaseSet takes a lease set. A bad one is as good as none.
func (c *conn) createLeaseSet(m i2cpwire.CreateLeaseSet2) {
	s := c.session
	if s == nil || m.Session != s.id {
		c.r.nw.violate(c, "a lease set of session %d", m.Session)
		return
	}
	l, problem := s.readLeaseSet(m)
	if problem == "" {
		problem = s.checkLeaseSet(l, m.Keys)
	}
	if problem != "" {
		c.r.nw.violate(c, "lease set: %s", problem)
		if c.r.f.java && strings.Contains(problem, "ifferent destination") {
			c.disconnect("Different destination in LS")
		}
		return
	}
	s.answered(l.Leases)
	s.published++
	s.last, s.key = l.Published, m.Keys[0].Key
	c.r.nw.publish(s)
	c.r.nw.notify()
}

// readLeaseSet reads a lease set of either type.
func (s *session) readLeaseSet(m i2cpwire.CreateLeaseSet2) (l i2cpwire.LeaseSet, problem string) {
	var err error
	encrypted := s.options["i2cp.leaseSetType"] == "5"
	switch {
	case encrypted != (m.Kind == i2cpwire.EncryptedLeaseSetType):
		return l, "another type than i2cp.leaseSetType says"
	case !encrypted:
		l, err = i2cpwire.ParseLeaseSet(m.LeaseSet)
	default:
		var e i2cpwire.EncryptedLeaseSet
		if e, err = i2cpwire.ParseEncrypted(m.LeaseSet); err == nil {
			s.encrypted = &e
			// What is inside is for clients alone. Who the session is, and that its tunnels are alive, is known.
			l = i2cpwire.LeaseSet{Destination: s.dest, Published: e.Published, Expires: e.Expires}
			if len(s.asked) > 0 {
				l.Leases = s.asked[0]
			}
		}
	}
	if err != nil {
		return l, err.Error()
	}
	return l, ""
}

// setBack is from when on a lease set of the future tells that the clock was set back. Nobody on the network has taken that
// one, so the next need not be newer.
const setBack = time.Minute

// checkLeaseSet returns what is wrong with a lease set that is signed well.
func (s *session) checkLeaseSet(l i2cpwire.LeaseSet, private []i2cpwire.EncryptionKey) string {
	now := s.c.r.now()
	switch {
	case l.Destination != s.dest:
		return "different destination in LS"
	case !l.Published.After(s.last) && s.last.Sub(now) < setBack:
		return "not newer than the one before"
	case l.Published.Sub(now) > 10*time.Second || now.Sub(l.Published) > 10*time.Second:
		return "published at another time than now"
	case !l.Expires.After(now):
		return "has ended"
	case s.encrypted == nil && l.Unpublished != s.hidden():
		return "is to be published, against i2cp.dontPublishLeaseSet, or the other way round"
	case len(s.asked) > 0 && s.request(l.Leases) < 0:
		return "other leases than those asked for"
	case len(private) == 0 || s.key != nil && !bytes.Equal(s.key, private[0].Key):
		return "the encryption key has changed"
	case len(l.Keys) > 0 && len(l.Keys) != len(private):
		return "other keys than the private ones"
	}
	for i, k := range l.Keys {
		p, err := ecdh.X25519().NewPrivateKey(private[i].Key)
		if err != nil || !bytes.Equal(p.PublicKey().Bytes(), k.Key) || k.Type != private[i].Type {
			return "private/public encryption key mismatch in LS"
		}
	}
	return ""
}

// request returns which open request is about those leases, -1 if none is.
func (s *session) request(leases []i2cpwire.Lease) int {
	return slices.IndexFunc(s.asked, func(asked []i2cpwire.Lease) bool { return slices.EqualFunc(leases, asked, sameLease) })
}

// answered closes a request, and those before it.
func (s *session) answered(leases []i2cpwire.Lease) {
	s.asked = s.asked[s.request(leases)+1:]
	s.failures = 0
	if s.deadline != nil {
		s.deadline.Stop()
		s.deadline = nil
	}
	if len(s.asked) > 0 {
		s.deadline = s.c.r.nw.after(answerTime, s.unanswered)
	}
}

// sameLease compares up to the second, as lease sets count.
func sameLease(a, b i2cpwire.Lease) bool {
	return a.Gateway == b.Gateway && a.Tunnel == b.Tunnel && a.End.Unix() == b.End.Unix()
}

// end is called when the connection ends.
func (s *session) end() {
	s.gone = true
	delete(s.c.r.sessions, s.id)
	if s.deadline != nil {
		s.deadline.Stop()
	}
	if s.c.r.f.java {
		s.c.r.rest(s.hash)
	}
	s.c.r.nw.withdraw(s)
}

// rest lets Java believe for a while that a destination is in use. The caller holds the lock.
func (r *Router) rest(hash [32]byte) {
	now := time.Now()
	for other, until := range r.resting {
		if !until.After(now) {
			delete(r.resting, other)
		}
	}
	r.resting[hash] = now.Add(javaRest)
}
