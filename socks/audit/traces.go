package audit

import (
	"bytes"
	"encoding/hex"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf16"
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
			add(names.rule, n, wide(n), true, false)
		}
	}
	return all
}

// addressTexts are the ways in which programs write an address: as usual, as one number (IRC's DCC), with commas
// (FTP's PORT), in full.
func addressTexts(a netip.Addr) []string {
	if !a.Is4() {
		return []string{a.String(), a.StringExpanded()}
	}
	b := a.As4()
	number := uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
	dotted := a.String()
	return []string{dotted, strings.ReplaceAll(dotted, ".", ","), strconv.FormatUint(number, 10), hex.EncodeToString(b[:])}
}

func hardwareTexts(h net.HardwareAddr) []string {
	colons := strings.ToLower(h.String())
	return []string{colons, strings.ReplaceAll(colons, ":", "-"), strings.ReplaceAll(colons, ":", "")}
}

// wide returns UTF-16 in little endian, as Windows protocols have it.
func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// search looks for traces of the machine in what was not searched before. The host that was asked for is none, nor
// is a name at the end that may go on.
func (s *stream) search(b []byte, searched *int, final bool) {
	from := max(0, *searched-maxTrace)
	*searched = len(b)
	folded := bytes.ToLower(b[from:])
	if s.host != "" {
		folded = bytes.ReplaceAll(folded, []byte(s.host), bytes.Repeat([]byte{0}, len(s.host)))
	}
	for _, t := range s.auditor.traces {
		text := b[from:]
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
