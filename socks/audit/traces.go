package audit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// trace is one form in which this machine may show.
type trace struct {
	rule  Rule
	bytes string // of text in lower case
	text  bool   // upper and lower case are the same
	word  bool   // no part of a longer word or number
	name  string // what it says, for findings that reveal it
}

// maxTrace is how long a trace is at most.
const maxTrace = 256

// traces returns all forms of what a machine must not tell.
func (m Machine) traces() (all []trace) {
	add := func(rule Rule, name, form string, text, word bool) {
		if form != "" && len(form) <= maxTrace {
			all = append(all, trace{rule, form, text, word, name})
		}
	}
	for _, a := range m.Addrs {
		for _, form := range addressTexts(a) {
			add(OwnAddress, a.String(), form, true, true)
		}
		if b := a.AsSlice(); bytes.Count(b, []byte{0}) <= len(b)/2 { // others stand in much that is no address
			add(OwnAddress, a.String(), string(b), false, false)
		}
	}
	for _, h := range m.Hardware {
		for _, form := range hardwareTexts(h) {
			add(OwnHardware, h.String(), form, true, true)
		}
		add(OwnHardware, h.String(), string(h), false, false)
	}
	for _, names := range []struct {
		rule Rule
		list []string
	}{{OwnHostName, m.Hosts}, {OwnUserName, m.Users}, {OwnTimeZoneName, m.Zones}} {
		for _, n := range names.list {
			n = strings.ToLower(n)
			add(names.rule, n, n, true, true)
		}
	}
	return all
}

// addressTexts are the ways in which programs write an address: as usual, as one number (IRC's DCC), with commas
// (FTP's PORT), with dashes or backwards (names of hosts), in hexadecimal, octal or decimal, in full.
func addressTexts(a netip.Addr) []string {
	if !a.Is4() {
		words := a.As16()
		groups := make([]string, 8)
		for i := range groups {
			groups[i] = strconv.FormatUint(uint64(binary.BigEndian.Uint16(words[2*i:])), 16)
		}
		return []string{a.String(), a.StringExpanded(), strings.Join(groups, ":")}
	}
	b := a.As4()
	number, dotted := binary.BigEndian.Uint32(b[:]), a.String()
	return []string{
		dotted, strings.ReplaceAll(dotted, ".", ","), strings.ReplaceAll(dotted, ".", "-"),
		fmt.Sprintf("%d.%d.%d.%d.in-addr", b[3], b[2], b[1], b[0]),
		fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("0x%02x.0x%02x.0x%02x.0x%02x", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%#o.%#o.%#o.%#o", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%04o.%04o.%04o.%04o", b[0], b[1], b[2], b[3]),
		strconv.FormatUint(uint64(number), 10), fmt.Sprintf("%08x", number), fmt.Sprintf("0x%08x", number),
		fmt.Sprintf("%x:%x", number>>16, number&0xffff), // behind "::ffff:"
	}
}

// hardwareTexts are those that programs and systems write, and the part of an IPv6 address that is made of one (RFC
// 4291, appendix A).
func hardwareTexts(h net.HardwareAddr) []string {
	colons := strings.ToLower(h.String())
	digits := strings.ReplaceAll(colons, ":", "")
	texts := []string{colons, strings.ReplaceAll(colons, ":", "-"), digits}
	if len(h) == 6 {
		texts = append(texts, digits[:4]+"."+digits[4:8]+"."+digits[8:],
			fmt.Sprintf("%x:%x:fe%02x:%x", uint16(h[0]^2)<<8|uint16(h[1]), uint16(h[2])<<8|0xff, h[3], uint16(h[4])<<8|uint16(h[5])))
	}
	return texts
}

// search looks for traces of the machine in what was not searched before. The host that was asked for is none, nor
// is a name at the end that may go on.
func (s *stream) search(b []byte, searched *int, final bool) {
	from := max(0, *searched-maxTrace)
	*searched = len(b)
	for form := range forms(b[from:]) {
		s.searchForm(form, final)
	}
}

func (s *stream) searchForm(b []byte, final bool) {
	folded := bytes.ToLower(b)
	if s.host != "" {
		folded = bytes.ReplaceAll(folded, []byte(s.host), bytes.Repeat([]byte{0}, len(s.host)))
	}
	for _, t := range s.auditor.traces {
		text := b
		if t.text {
			text = folded
		}
		if t.in(text, final) {
			s.found(t.rule, s.trace(t))
		}
	}
}

func (s *stream) trace(t trace) string {
	if s.auditor.Reveal {
		return strconv.Quote(t.name)
	}
	return ""
}

func (t trace) in(b []byte, final bool) bool {
	for {
		i := bytes.Index(b, []byte(t.bytes))
		if i < 0 {
			return false
		}
		end := i + len(t.bytes)
		begins, ends := i == 0 || !isWord(b[i-1]), final
		if end < len(b) {
			ends = !isWord(b[end])
		}
		if !t.word || begins && ends {
			return true
		}
		b = b[i+1:]
	}
}

// isWord is for the characters that make a longer name or number of a shorter one.
func isWord(c byte) bool { return isAlphanumeric(c) || c == '_' }
