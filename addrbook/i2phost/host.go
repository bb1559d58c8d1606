package i2phost

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// The two ways in which Parse fails. The texts around them say why, and never
// repeat the input.
var (
	// ErrNotI2P: a well-formed host that is not of I2P, such as "example.com",
	// "localhost", "x.i2p.example.com", or an IP address in any notation.
	ErrNotI2P = errors.New("not an I2P host")

	// ErrMalformed: not a host at all, or one under .i2p that nobody may ask
	// for: reserved, misleading, or with a wrong checksum.
	ErrMalformed = errors.New("malformed I2P host")
)

// Kind tells what a [Host] is.
type Kind uint8

// The kinds of hosts. The zero Kind is that of the zero Host, which is none.
const (
	Name            Kind = iota + 1 // a name such as "stats.i2p"
	Base32                          // the SHA-256 of a destination, 52 characters and ".b32.i2p"
	EncryptedBase32                 // a blinded key, 56 characters and ".b32.i2p" ("b33")
	Base64                          // a whole destination, 516 characters or more
)

// String returns the name of the kind, in lower case.
func (k Kind) String() string {
	switch k {
	case Name:
		return "name"
	case Base32:
		return "base32"
	case EncryptedBase32:
		return "encrypted base32"
	case Base64:
		return "base64"
	}
	return "none"
}

// Host is a checked host in canonical form. It is comparable: two are equal if
// and only if they ask for the same thing in the same way. The zero value is no
// host.
type Host struct {
	kind Kind
	text string
}

// Kind returns what h is.
func (h Host) Kind() Kind { return h.kind }

// String returns the canonical form: base64 as it came, everything else in
// lower case, ending in ".i2p". Parse takes it back unchanged. It is "" for the
// zero Host.
func (h Host) String() string { return h.text }

const (
	maxDNS     = 253  // RFC 1035 section 2.3.4, without the trailing dot
	minBase64  = 516  // 387 bytes, the shortest destination
	maxBase64  = 5464 // 4096 bytes, the longest that the package keys reads
	suffix     = ".i2p"
	altSuffix  = ".alt" // RFC 9476
	b32Suffix  = ".b32.i2p"
	ipNotation = ":[]%" // found in IPv6 addresses and in no name
)

// Parse checks the host s, without a port. The error wraps [ErrNotI2P] or
// [ErrMalformed].
func Parse(s string) (Host, error) {
	switch {
	case s == "":
		return malformed("empty")
	case len(s) >= minBase64:
		return parseBase64(s)
	case len(s) > maxDNS+len(altSuffix)+1:
		return malformed("too long for a name and too short for a destination")
	}
	for i := range len(s) {
		if c := s[i]; c >= 0x80 {
			return malformed("not ASCII; international names are written in their xn-- form")
		} else if c <= ' ' || c == 0x7f {
			return malformed("a space or control character")
		}
	}
	if strings.ContainsAny(s, ipNotation) {
		return parseIP(s)
	}
	return parseDotted(s)
}

// parseIP tells an IPv6 address from rubbish. IPv4 addresses, also the short,
// octal and hexadecimal ones that some resolvers take, look like names that do
// not end in ".i2p", and need no parser.
func parseIP(s string) (Host, error) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok {
			return malformed("unbalanced brackets")
		}
	}
	if _, err := netip.ParseAddr(s); err != nil {
		return malformed("a character that has no place in a name")
	}
	return Host{}, fmt.Errorf("i2phost: %w: an IP address", ErrNotI2P)
}

func parseDotted(s string) (Host, error) {
	s = lower(strings.TrimSuffix(s, "."))
	if strings.HasSuffix(s, suffix+altSuffix) {
		s = strings.TrimSuffix(s, altSuffix)
	}
	if why := checkLabels(s); why != "" {
		return malformed(why)
	}
	switch {
	case strings.HasSuffix(s, b32Suffix):
		return parseBase32(s)
	case strings.HasSuffix(s, suffix):
		if why := checkName(s); why != "" {
			return malformed(why)
		}
		return Host{Name, s}, nil
	case s == "i2p", s == "i2p.alt":
		return malformed("only a suffix")
	}
	return Host{}, fmt.Errorf("i2phost: %w: its name does not end in .i2p", ErrNotI2P)
}

func malformed(why string) (Host, error) {
	return Host{}, fmt.Errorf("i2phost: %w: %s", ErrMalformed, why)
}

// lower lower-cases ASCII and nothing else; strings.ToLower would turn U+212A
// into a k.
func lower(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
