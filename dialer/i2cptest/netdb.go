package i2cptest

import (
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// record is what the network knows of a destination.
type record struct {
	dest    keys.Destination
	session *session  // nil once it is gone
	until   time.Time // when its lease set runs out, once it is gone
	hidden  bool      // from all but those it has sent something, which have its lease set from it
}

// publish makes a session known. The caller holds the lock, as for all here.
func (nw *Network) publish(s *session) {
	nw.netDB[s.hash] = &record{dest: s.dest, session: s, hidden: s.hidden()}
}

// withdraw takes a session away; its lease set lives on for a while.
func (nw *Network) withdraw(s *session) {
	if r := nw.netDB[s.hash]; r != nil && r.session == s {
		r.session, r.until = nil, time.Now().Add(leaseTime)
	}
	nw.forget()
}

// forget forgets the destinations that nobody believes in any more, and what passed between them and others.
func (nw *Network) forget() {
	gone := false
	for hash := range nw.netDB {
		if nw.find(hash) == nil {
			delete(nw.netDB, hash)
			gone = true
		}
	}
	if !gone {
		return
	}
	for p := range nw.pairs {
		if nw.netDB[p.from] == nil || nw.netDB[p.to] == nil {
			delete(nw.pairs, p)
		}
	}
}

// find returns what is known under a hash, nil if nothing.
func (nw *Network) find(hash [32]byte) *record {
	r := nw.netDB[hash]
	if r == nil || r.session == nil && time.Now().After(r.until) {
		return nil
	}
	return r
}

// findFor returns what a session, nil for none, finds under a hash.
func (nw *Network) findFor(s *session, hash [32]byte) *record {
	r := nw.find(hash)
	if r == nil || !r.hidden || s != nil && (hash == s.hash || nw.pairs[pair{hash, s.hash}] != nil) {
		return r
	}
	return nil
}

// reachable returns what a session can send to, nil if it has no lease set of it. An encrypted one can be opened by Java
// alone, by whom is a client.
func (s *session) reachable(hash [32]byte) *record {
	r := s.c.r.nw.findFor(s, hash)
	if r == nil || r.session == nil || r.session.encrypted == nil {
		return r
	}
	if !s.c.r.f.java || s.open(r) != i2cpwire.HostFound {
		return nil
	}
	return r
}

// open tries to open an encrypted lease set with the key that the session has for it.
func (s *session) open(r *record) i2cpwire.HostCode {
	var key [32]byte
	copy(key[:], r.dest.SigningKey())
	client, known := s.clientKeys[key]
	_, err := r.session.encrypted.Open(r.dest, client)
	switch {
	case err == nil:
		return i2cpwire.HostFound
	case known:
		return i2cpwire.HostLeaseSetDecryptionFail
	}
	return i2cpwire.HostKeyRequired
}

// hostLookup answers by name or hash.
func (c *conn) hostLookup(m i2cpwire.HostLookup, status uint8) {
	nw := c.r.nw
	reply := i2cpwire.HostReply{Session: m.Session, Request: m.Request, Code: i2cpwire.HostFailed}
	if m.Session != i2cpwire.NoSession && (c.session == nil || m.Session != c.session.id) {
		nw.violate(c, "lookup with the session %d", m.Session)
		return // no router answers
	}
	if c.session != nil && !c.r.f.java {
		reply.Session = c.session.id
	}
	var d keys.Destination
	code := i2cpwire.HostFound
	if status != 0 {
		code = i2cpwire.HostCode(status)
	} else if d, code = c.resolve(m); code == i2cpwire.HostFound {
		reply.Destination = d.Bytes()
	}
	reply.Code = code
	wait := time.Duration(0)
	if code == i2cpwire.HostFailed && m.Name == "" && status == 0 {
		wait = c.r.f.unknown
	}
	answer := func() {
		if !c.ended && !c.out.push(reply) {
			c.overflow()
		}
	}
	if wait == 0 {
		answer()
		return
	}
	nw.after(wait, answer)
}

// resolve finds a destination.
func (c *conn) resolve(m i2cpwire.HostLookup) (keys.Destination, i2cpwire.HostCode) {
	hash := m.Hash
	if m.Name != "" {
		host, err := i2phost.Parse(m.Name)
		if err != nil {
			return keys.Destination{}, i2cpwire.HostFailed
		}
		if b, ok := host.Blinded(); ok {
			return c.resolveBlinded(b)
		}
		h, ok := host.Hash()
		if !ok {
			d, known := c.r.nw.hosts[strings.ToLower(m.Name)]
			if !known {
				return d, i2cpwire.HostFailed
			}
			return d, i2cpwire.HostFound
		}
		hash = h
	}
	r := c.r.nw.findFor(c.session, hash)
	if r == nil || r.session != nil && r.session.encrypted != nil {
		return keys.Destination{}, i2cpwire.HostFailed
	}
	return r.dest, i2cpwire.HostFound
}

// resolveBlinded finds the destination of an encrypted base32 name, which i2pd never does over I2CP.
func (c *conn) resolveBlinded(b i2phost.Blinded) (keys.Destination, i2cpwire.HostCode) {
	if !c.r.f.java || c.session == nil {
		return keys.Destination{}, i2cpwire.HostFailed
	}
	for _, r := range c.r.nw.netDB {
		if r.session == nil || r.session.encrypted == nil || string(r.dest.SigningKey()) != string(b.Key[:]) {
			continue
		}
		return r.dest, c.session.open(r)
	}
	return keys.Destination{}, i2cpwire.HostFailed
}

func (c *conn) destLookup(m i2cpwire.DestLookup) {
	d, code := c.resolve(i2cpwire.HostLookup{Hash: m.Hash})
	if code != i2cpwire.HostFound {
		c.out.push(i2cpwire.DestReply{Destination: m.Hash[:]})
		return
	}
	c.out.push(i2cpwire.DestReply{Destination: d.Bytes()})
}
