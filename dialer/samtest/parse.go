package samtest

import (
	"strings"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// request is a line as a router understands it.
type request struct {
	line         string
	verb, action string
	params       []wire.Param
	text         string // of PING and PONG
}

// name returns the first two words, by which faults and counts know a command.
func (r request) name() string { return strings.TrimSpace(r.verb + " " + r.action) }

func (r request) has(key string) bool {
	for _, p := range r.params {
		if p.Key == key {
			return true
		}
	}
	return false
}

func (r request) value(key string) string { return wire.Message{Params: r.params}.Get(key) }

// parse reads a line in the manner of the router. problem is what Java says to a bad one.
func (f *flavour) parse(line string) (req request, problem string) {
	line = strings.TrimRight(line, "\r\n")
	if verb, text, _ := strings.Cut(line, " "); strings.EqualFold(verb, "PING") || strings.EqualFold(verb, "PONG") {
		return request{line: line, verb: strings.ToUpper(verb), text: text}, ""
	}
	if f.i2pd {
		return f.parseI2PD(line), ""
	}
	return parseJava(line)
}

// parseI2PD knows only spaces: quotes and tabs are letters, a word without "=" is skipped.
// Of a key given twice, older versions take the last and newer ones the first.
func (f *flavour) parseI2PD(line string) request {
	req := request{line: line}
	words := strings.Fields(strings.ReplaceAll(line, "\t", "\x00"))
	for i, w := range words {
		w = strings.ReplaceAll(w, "\x00", "\t")
		key, value, ok := strings.Cut(w, "=")
		switch {
		case i == 0:
			req.verb = w
		case i == 1 && !ok:
			req.action = w
		case ok && f.modern:
			req.params = append(req.params, wire.Param{Key: key, Value: value})
		case ok:
			req.params = append([]wire.Param{{Key: key, Value: value}}, req.params...)
		}
	}
	return req
}

// parseJava strips quotes and escapes, reads the command in any case, takes an
// empty or missing value for "true" and refuses a key given twice.
func parseJava(line string) (request, string) {
	req := request{line: line}
	words, problem := splitJava(line)
	for i, w := range words {
		key, value, ok := strings.Cut(w, "=")
		switch {
		case i == 0:
			req.verb = strings.ToUpper(w)
		case i == 1 && !ok:
			req.action = strings.ToUpper(w)
		case req.has(key):
			return req, "Duplicate parameter " + key
		default:
			req.params = append(req.params, wire.Param{Key: key, Value: orElse(value, "true")})
		}
	}
	return req, problem
}

func splitJava(line string) (words []string, problem string) {
	var w strings.Builder
	quoted, escaped, some := false, false, false
	end := func() {
		if some {
			words = append(words, w.String())
		}
		w.Reset()
		some = false
	}
	for i := range len(line) {
		c := line[i]
		switch {
		case escaped:
			w.WriteByte(c)
			escaped = false
		case c == '\\':
			escaped, some = true, true
		case c == '"':
			quoted, some = !quoted, true
		case !quoted && strings.IndexByte(" \t\f\b", c) >= 0:
			end()
		case !quoted && (c == '\r' || c == '\n'):
		default:
			w.WriteByte(c)
			some = true
		}
	}
	switch {
	case quoted:
		return words, "Unterminated quote"
	case escaped:
		return words, "Unterminated escape"
	}
	end()
	return words, ""
}

// status makes a reply such as `STREAM STATUS RESULT=INVALID_ID MESSAGE="..."`.
// head is its first two words; an empty message is left out.
func status(head, result, message string) string {
	verb, action, _ := strings.Cut(head, " ")
	m := wire.Message{Verb: verb, Action: action, Params: []wire.Param{{Key: "RESULT", Value: result}}}
	if message != "" {
		m.Params = append(m.Params, wire.Param{Key: "MESSAGE", Value: message})
	}
	return strings.TrimSuffix(string(wire.AppendReply(nil, m)), "\n")
}
