package audit

import "encoding/binary"

const (
	stunHeader = 20
	stunCookie = 0x2112a442
)

// isSTUN reports whether b begins with the header of a STUN message (RFC 8489, section 5).
func isSTUN(b []byte) bool {
	return len(b) >= stunHeader && b[0]&0xc0 == 0 && b[3]&3 == 0 && binary.BigEndian.Uint32(b[4:]) == stunCookie
}

// stunMessage notes STUN, whose every message asks for, or tells, an address.
func stunMessage(s *stream, b []byte, _ bool) (int, parser) {
	s.protocol = "STUN"
	s.found(STUN, "")
	return len(b), nil
}
