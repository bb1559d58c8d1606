package i2cptest

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// minVersion is the first with which i2pd and Java I2P take lease sets of type 3 and encryption of type 4.
const minVersion = 46

// getDate opens the conversation.
func (c *conn) getDate(m i2cpwire.GetDate) {
	last := m.Version[strings.LastIndexByte(m.Version, '.')+1:]
	if n, err := strconv.Atoi(last); err != nil || !strings.HasPrefix(m.Version, "0.9.") || n < minVersion {
		c.r.nw.violate(c, "version %q", m.Version)
	}
	if c.r.f.java && c.r.User != "" {
		switch user := m.Options["i2cp.username"]; {
		case user == "":
			c.disconnect("Authorization required, specify i2cp.username and i2cp.password in options")
			return
		case user != c.r.User || m.Options["i2cp.password"] != c.r.Password:
			c.disconnect("Authorization failed, user = " + user)
			return
		}
	}
	version := c.r.f.version
	if version == "" {
		version = m.Version
	}
	c.dated = true
	c.out.push(i2cpwire.SetDate{Date: c.r.now(), Version: version})
}

// refuse answers a CreateSession. The ID means nothing.
func (c *conn) refuse(state i2cpwire.SessionState) {
	c.out.push(i2cpwire.SessionStatus{Session: c.randomID(), State: state})
}

func (c *conn) createSession(m i2cpwire.SessionConfig) {
	nw := c.r.nw
	c.checkOptions(m)
	if c.session != nil {
		nw.violate(c, "a second CreateSession on a connection")
		if c.r.f.java {
			c.disconnect("bad session configuration parameters")
			return
		}
		delete(c.r.sessions, c.session.id)
		c.session.id = c.randomID()
		c.r.sessions[c.session.id] = c.session
		c.out.push(i2cpwire.SessionStatus{Session: c.session.id, State: i2cpwire.SessionRefused})
		return
	}
	if c.r.f.java {
		if reason := c.javaRefuses(m); reason != "" {
			c.disconnect(reason)
			return
		}
	} else {
		if c.r.f.numbers && !numeric(m.Options) {
			c.end()
			return
		}
		if !m.Verify(false) || c.r.sessionOf(m.Destination) != nil {
			c.refuse(i2cpwire.SessionInvalid)
			return
		}
	}
	s := newSession(c, m)
	nw.forgetRatchets(s.hash)
	c.session = s
	c.r.sessions[s.id] = s
	c.out.push(i2cpwire.SessionStatus{Session: s.id, State: i2cpwire.SessionCreated})
	s.build()
	nw.notify()
}

// javaRefuses returns why Java I2P does not take a session; "" if it does.
func (c *conn) javaRefuses(m i2cpwire.SessionConfig) string {
	skew := m.Date.Sub(c.r.now())
	switch {
	case m.Destination.CryptoType() != keys.ElGamal:
		return "Non-ElGamal encryption type in key certificate unsupported"
	case !m.Sorted() || !m.Verify(true):
		return "Invalid signature on CreateSessionMessage"
	case skew > javaSkew:
		return "Create session message client clock skew? " + skew.Round(time.Minute).String() + " in the future"
	case skew < -javaSkew:
		return "Create session message client clock skew? " + (-skew).Round(time.Minute).String() + " in the past"
	case c.r.sessionOf(m.Destination) != nil || c.r.resting[m.Destination.Hash()].After(time.Now()):
		return "duplicate destination"
	}
	for kind := range strings.SplitSeq(m.Options["i2cp.leaseSetEncType"], ",") {
		if kind != "0" && kind != "4" {
			return "Unsupported crypto type: " + kind
		}
	}
	return ""
}

// sessionOf returns the session of a destination, nil if there is none.
func (r *Router) sessionOf(d keys.Destination) *session {
	for _, s := range r.sessions {
		if s.dest == d {
			return s
		}
	}
	return nil
}

// number matches options that routers read as numbers.
var number = regexp.MustCompile(`^(inbound|outbound)\.(length|quantity|lengthVariance|backupQuantity)$|^i2p\.streaming\.(maxConns|initialAckDelay|maxOutboundSpeed|maxInboundSpeed|profile)|^i2cp\.leaseSetType$|^i2cp\.leaseSetAuthType$`)

// numeric reports whether all options that are to be numbers are.
func numeric(options i2cpwire.Mapping) bool {
	for k, v := range options {
		if _, err := strconv.Atoi(v); err != nil && number.MatchString(k) {
			return false
		}
	}
	return true
}

// checkOptions notes what no client should ask of any router.
func (c *conn) checkOptions(m i2cpwire.SessionConfig) {
	nw := c.r.nw
	for option, values := range map[string]string{
		"i2cp.fastReceive": "true", "i2cp.messageReliability": "none", "i2cp.leaseSetType": "3 5",
		"i2cp.leaseSetEncType": "4 5,4 6,4 7,4",
	} {
		if v := m.Options[option]; v == "" || !strings.Contains(" "+values+" ", " "+v+" ") {
			nw.violate(c, "%s=%q", option, v)
		}
	}
	for _, direction := range []string{"inbound", "outbound"} {
		length, err := strconv.Atoi(m.Options[direction+".length"])
		if err != nil || length < 0 || length > 7 {
			nw.violate(c, "%s.length=%q", direction, m.Options[direction+".length"])
		}
		quantity, err := strconv.Atoi(m.Options[direction+".quantity"])
		if err != nil || quantity < 1 || quantity > 16 {
			nw.violate(c, "%s.quantity=%q", direction, m.Options[direction+".quantity"])
		}
	}
	for k := range m.Options {
		if strings.Contains(strings.ToLower(k), "priv") || strings.Contains(strings.ToLower(k), "password") {
			nw.violate(c, "the router is given %s", k)
		}
	}
	skew := m.Date.Sub(c.r.now()).Abs()
	switch {
	case skew > 30*time.Second:
		nw.violate(c, "CreateSession is %v off the router's clock", skew)
	case !numeric(m.Options):
		nw.violate(c, "an option that is to be a number is none")
	case !m.Sorted():
		nw.violate(c, "options are not in order, or twice")
	case m.Destination.CryptoType() != keys.ElGamal:
		nw.violate(c, "destination of crypto type %d", m.Destination.CryptoType())
	}
}
