package audit

import (
	"strconv"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/socks"
)

// request judges what the client asks of the SOCKS port.
func (s *stream) request(r *socks.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.protocol = "SOCKS"
	if r.Version == socks.SOCKS4 {
		s.found(SOCKS4, "")
	}
	_, garliCat := i2phost.GarliCat(r.IP)
	switch {
	case garliCat: // an address of I2P
	case r.IsLiteral():
		s.found(IPLiteral, s.value(s.host))
	case r.Command != socks.Associate && !r.IP.IsValid() && !inI2P(s.host):
		s.found(ClearnetName, s.value(s.host))
	}
	if r.Username != "" && r.Command != socks.Associate && s.differs("host", s.host) {
		s.found(ReusedToken, "")
	}
	if r.Peer != nil {
		s.program("user", strconv.Itoa(int(r.Peer.UID)))
	}
	s.protocol = ""
}

// program notes a trait by which programs differ: an identity with two of a kind has two programs.
func (s *stream) program(kind, trait string) {
	if s.differs(kind, trait) {
		s.found(SharedIdentity, kind)
	}
}

// differs reports whether the identity had another value of a kind before.
func (s *stream) differs(kind, value string) bool {
	s.auditor.mu.Lock()
	defer s.auditor.mu.Unlock()
	return s.auditor.links.differs(s.identity, kind, value)
}

// link notes a value that peers can recognise a user by. Short ones, which many have, are left out.
func (s *stream) link(kind, value string) {
	if len(value) < minLink {
		return
	}
	s.auditor.mu.Lock()
	shared := s.auditor.links.shared(s.identity, kind, value)
	s.auditor.mu.Unlock()
	if shared {
		s.found(SharedValue, kind)
	}
}
