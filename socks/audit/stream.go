package audit

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// stream is what one client sends, and is told, for one request. It implements [socks.Observer].
type stream struct {
	auditor  *Auditor
	host     string // asked for, canonical
	identity string

	mu       sync.Mutex
	protocol string // of what is being looked at
	fatal    bool
	reported map[key]struct{}
	buf      []byte // what the client has sent
	parsed   int    // how much of it is understood
	searched int    // how much of it was searched for traces of this machine
	parse    parser // nil when nothing more is to be understood
	begun    bool   // parse was chosen
	tracker  bool   // a datagram opened a talk with a BitTorrent tracker
	looked   int    // bytes of datagrams
	answer   []byte // what the peer has sent
	answered int    // how much of it was searched for traces of this machine
}

// parser understands the beginning of b, which is the last there is if final. It returns how much that was, 0 if
// more is needed, and what understands the rest.
type parser func(s *stream, b []byte, final bool) (n int, next parser)

// Sent takes the next bytes that the client has sent. See [socks.Observer].
func (s *stream) Sent(b []byte, end bool) (hold, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.auditor.sample() - len(s.buf)
	s.buf = append(s.buf, b[:min(len(b), room)]...)
	final := end || len(b) >= room
	s.understand(final)
	hold = s.auditor.Fatal != nil && s.parse != nil && s.parsed < len(s.buf)
	s.search(s.buf, &s.searched, final || s.auditor.Fatal != nil && !hold) // what leaves now cannot be judged later
	if s.fatal {
		return false, false, ErrFatal
	}
	if final {
		s.buf, s.parse = nil, nil
		return false, false, nil
	}
	return hold, true, nil
}

// understand runs the parsers over what was not understood before.
func (s *stream) understand(final bool) {
	if !s.begun {
		blank := len(s.buf) - len(bytes.TrimLeft(s.buf, "\r\n")) // RFC 9112, section 2.2
		p, known := recognise(s.buf[blank:], final)
		if !known {
			s.parse = waiting // for what is withheld until then
			return
		}
		s.begun, s.parse, s.parsed = true, p, blank
	}
	for s.parse != nil && s.parsed < len(s.buf) {
		n, next := s.parse(s, s.buf[s.parsed:], final)
		if n == 0 && next != nil {
			return
		}
		s.parsed, s.parse = s.parsed+n, next
	}
}

// waiting stands for a parser while none is chosen.
func waiting(*stream, []byte, bool) (int, parser) { return 0, waiting }

// found notes a finding, once in each stream.
func (s *stream) found(rule Rule, seen string) {
	f := Finding{Rule: rule, Protocol: s.protocol, Identity: s.identity, Seen: seen}
	if f.Protocol == "" {
		f.Protocol = "stream"
	}
	if _, ok := s.reported[f.key()]; ok {
		return
	}
	if s.reported == nil {
		s.reported = make(map[key]struct{})
	}
	if len(s.reported) < maxReported {
		s.reported[f.key()] = struct{}{}
	}
	s.fatal = s.auditor.add(f) || s.fatal
}

// maxReported bounds what a stream remembers to have reported.
const maxReported = 64

// maxShown is how much of a value is shown.
const maxShown = 128

// value is how a finding shows what a client said: by its kind alone, unless it may be revealed.
func (s *stream) value(v string) string {
	if s.auditor.Reveal {
		return strconv.Quote(v[:min(len(v), maxShown)])
	}
	if a, err := netip.ParseAddr(v); err == nil {
		if a.Unmap().Is4() {
			return "an IPv4 address"
		}
		return "an IPv6 address"
	}
	if len(v) == 1 {
		return "1 byte"
	}
	return strconv.Itoa(len(v)) + " bytes"
}

func canonical(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// inI2P reports whether a name or address tells nothing beyond I2P and this machine's own loopback.
func inI2P(host string) bool {
	host = canonical(strings.Trim(host, "[]"))
	if a, err := netip.ParseAddr(strings.TrimPrefix(host, "ipv6:")); err == nil {
		return a.Unmap().IsLoopback()
	}
	return host == "" || host == "localhost" || host == "localhost.localdomain" || strings.HasSuffix(host, ".i2p")
}
