// Package wire is the line codec of SAM v3: bytes in, messages out, and back.
// It opens no socket, starts no goroutine and knows no clock.
//
// Writing is strict, reading is lenient. Routers disagree about quotes, escapes,
// duplicate keys and empty values, so a command is made only of what all of
// them read alike: single spaces, no quotes, no empty value. Replies may quote.
package wire

import (
	"errors"
	"strings"
)

// MaxCommand is the length in bytes, newline included, that no command may
// exceed. i2pd spins for ever on lines of more than 8192 bytes.
const MaxCommand = 8000

// MaxReply is the length in bytes, newline included, that a reply may have.
// Keys of post-quantum signatures and lists of options need some KiB.
const MaxReply = 16 << 10

// ErrCommand reports a command that cannot be written so that every router
// reads it as it was meant.
var ErrCommand = errors.New("sam: value cannot be sent in a command")

// ErrMalformed reports a line that is not a SAM message.
var ErrMalformed = errors.New("sam: malformed line")

// Message is one SAM line.
type Message struct {
	Verb   string  // first word, such as "STREAM"
	Action string  // second word, such as "CONNECT"; may be empty
	Params []Param // KEY=VALUE words in the order of the line
	Text   string  // all behind the first space of PING and PONG, which have no parameters
}

// Param is one KEY=VALUE word.
type Param struct{ Key, Value string }

// Get returns the first value of key, or "" if the message has none.
func (m Message) Get(key string) string {
	for _, p := range m.Params {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// Is reports whether the message starts with these two words.
func (m Message) Is(verb, action string) bool { return m.Verb == verb && m.Action == action }

// isText reports whether the message is one whose tail is free text.
func isText(verb string) bool { return verb == "PING" || verb == "PONG" }

// AppendCommand appends the line of m, newline included. It fails with
// ErrCommand, appending nothing, if a word is empty, is not printable ASCII, holds a space,
// a quote or a backslash, if a key occurs twice, or if the line is longer than MaxCommand.
func AppendCommand(dst []byte, m Message) ([]byte, error) {
	start := len(dst)
	b := append(dst, m.Verb...)
	ok := isWord(m.Verb, true)
	switch {
	case isText(m.Verb):
		ok = ok && m.Action == "" && len(m.Params) == 0 && isPrintable(m.Text)
		if m.Text != "" {
			b = append(append(b, ' '), m.Text...)
		}
	default:
		ok = ok && isWord(m.Action, true) && m.Text == ""
		b = append(append(b, ' '), m.Action...)
	}
	for i, p := range m.Params {
		ok = ok && isWord(p.Key, true) && isWord(p.Value, false) && !hasKey(m.Params[:i], p.Key)
		b = append(append(append(append(b, ' '), p.Key...), '='), p.Value...)
	}
	b = append(b, '\n')
	if !ok || len(b)-start > MaxCommand {
		return dst, ErrCommand
	}
	return b, nil
}

// AppendReply appends the line of m as a router writes it, newline included:
// values with a space or a tab are quoted, and bytes that would end the line or the quotes are dropped.
func AppendReply(dst []byte, m Message) []byte {
	b := append(dst, m.Verb...)
	if tail := strings.TrimSpace(m.Action + " " + clean(m.Text)); tail != "" {
		b = append(append(b, ' '), tail...)
	}
	for _, p := range m.Params {
		b = append(append(append(b, ' '), p.Key...), '=')
		v := clean(p.Value)
		if strings.ContainsAny(v, " \t") {
			v = `"` + v + `"`
		}
		b = append(b, v...)
	}
	return append(b, '\n')
}

func hasKey(params []Param, key string) bool {
	for _, p := range params {
		if p.Key == key {
			return true
		}
	}
	return false
}

// isWord reports whether every router reads s as one word. A name, unlike a value, holds no "=".
func isWord(s string, name bool) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c > '~' || c == '"' || c == '\\' || name && c == '=' {
			return false
		}
	}
	return s != ""
}

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '"' || r == '\n' || r == '\r' || r == 0 {
			return -1
		}
		return r
	}, s)
}
