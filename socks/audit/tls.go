package audit

import (
	"golang.org/x/crypto/cryptobyte"
)

// The extensions of a ClientHello that are looked at (RFC 8446, section 4.2).
const (
	extServerName    = 0
	extSignatures    = 13
	extALPN          = 16
	extSessionTicket = 35
	extPreSharedKey  = 41
	extVersions      = 43
)

// clientHello is what of a ClientHello (RFC 8446, section 4.1.2) matters here. Made-up values are left out.
type clientHello struct {
	version             uint16
	ciphers, extensions []uint16
	signatures          []uint16
	serverName          string
	protocol            string   // the first of ALPN
	tickets             []string // of sessions that are to be resumed
}

// tlsHello understands a ClientHello; what follows is encrypted.
func tlsHello(s *stream, b []byte, final bool) (int, parser) {
	message, n, ok := handshakeMessage(b)
	if !ok {
		if final {
			s.truncatedHello(b)
		}
		return 0, tlsHello
	}
	if hello, valid := parseHello(message); ok && valid {
		s.protocol = "TLS"
		s.hello(hello)
	}
	return n, nil
}

// truncatedHello judges the name in a ClientHello that is longer than what is looked at, as those with several
// post-quantum keys are. It tells no fingerprint.
func (s *stream) truncatedHello(b []byte) {
	const record, overhead = 5, 9
	if len(b) < overhead || b[0] != 0x16 || b[record] != 1 {
		return
	}
	s.protocol = "TLS"
	if h, _ := parseHello(b[overhead:]); h != nil && h.serverName != "" && canonical(h.serverName) != s.host {
		s.found(TLSServerName, s.value(h.serverName))
	}
}

func (s *stream) hello(h *clientHello) {
	if h.serverName != "" && canonical(h.serverName) != s.host {
		s.found(TLSServerName, s.value(h.serverName))
	}
	s.found(TLSFingerprint, h.ja4())
	s.program("TLS", h.ciphersHash())
	for _, t := range h.tickets {
		s.link("session ticket", t)
	}
}

// handshakeMessage joins records (RFC 8446, section 5.1) up to the end of the first message. What is no record
// of a ClientHello is complete, and empty.
func handshakeMessage(b []byte) (message []byte, n int, ok bool) {
	rest := cryptobyte.String(b)
	for {
		var kind uint8
		var version uint16
		var fragment cryptobyte.String
		begin := rest
		if !rest.ReadUint8(&kind) || !rest.ReadUint16(&version) || !rest.ReadUint16LengthPrefixed(&fragment) {
			return nil, 0, len(begin) > 0 && begin[0] != 0x16
		}
		message = append(message, fragment...)
		if kind != 0x16 || len(message) > 0 && message[0] != 1 {
			return nil, len(b) - len(rest), true
		}
		m := cryptobyte.String(message)
		var hello cryptobyte.String
		if m.Skip(1) && m.ReadUint24LengthPrefixed(&hello) {
			return hello, len(b) - len(rest), true
		}
	}
}

func parseHello(b []byte) (*clientHello, bool) {
	h, in := &clientHello{}, cryptobyte.String(b)
	var session, ciphers, compressions, extensions cryptobyte.String
	if !in.ReadUint16(&h.version) || !in.Skip(32) || !in.ReadUint8LengthPrefixed(&session) ||
		!in.ReadUint16LengthPrefixed(&ciphers) || !in.ReadUint8LengthPrefixed(&compressions) {
		return nil, false
	}
	h.ciphers = uint16s(ciphers)
	if in.Empty() {
		return h, true // without extensions, as of old
	}
	if rest := in; !in.ReadUint16LengthPrefixed(&extensions) {
		if !rest.Skip(2) {
			return nil, false
		}
		extensions = rest // up to where it was cut
	}
	for !extensions.Empty() {
		var kind uint16
		var data cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&data) {
			return h, false
		}
		if !isGREASE(kind) {
			h.extensions = append(h.extensions, kind)
			h.extension(kind, data)
		}
	}
	return h, true
}

func (h *clientHello) extension(kind uint16, data cryptobyte.String) {
	var list, item cryptobyte.String
	switch kind {
	case extServerName:
		if data.ReadUint16LengthPrefixed(&list) && list.Skip(1) && list.ReadUint16LengthPrefixed(&item) {
			h.serverName = string(item)
		}
	case extSignatures:
		if data.ReadUint16LengthPrefixed(&list) {
			h.signatures = uint16s(list)
		}
	case extALPN:
		if data.ReadUint16LengthPrefixed(&list) && list.ReadUint8LengthPrefixed(&item) {
			h.protocol = string(item)
		}
	case extSessionTicket:
		h.tickets = append(h.tickets, string(data))
	case extPreSharedKey:
		for data.ReadUint16LengthPrefixed(&list); list.ReadUint16LengthPrefixed(&item) && list.Skip(4); {
			h.tickets = append(h.tickets, string(item))
		}
	case extVersions:
		if data.ReadUint8LengthPrefixed(&list) {
			for _, v := range uint16s(list) {
				h.version = max(h.version, v)
			}
		}
	}
}

// uint16s returns the numbers of a list, without made-up ones.
func uint16s(list cryptobyte.String) (v []uint16) {
	for x := uint16(0); list.ReadUint16(&x); {
		if !isGREASE(x) {
			v = append(v, x)
		}
	}
	return v
}
