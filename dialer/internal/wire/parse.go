package wire

import "strings"

// Parse reads one line, given with or without its line end. Values may be quoted, with backslash
// escapes inside the quotes; a word without "=" behind the second is skipped,
// as Java I2P echoes names with spaces unquoted. Of a key given twice, both are kept.
// It fails with ErrMalformed on an empty line, on a line end inside the line and on an open quote.
func Parse(line string) (Message, error) {
	line = strings.TrimRight(line, "\r\n")
	verb, rest, _ := strings.Cut(line, " ")
	if verb == "" || strings.ContainsAny(line, "\r\n") {
		return Message{}, ErrMalformed
	}
	m := Message{Verb: verb}
	if isText(verb) {
		m.Text = rest
		return m, nil
	}
	for first := true; ; first = false {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			return m, nil
		}
		end := strings.IndexAny(rest, " \t=")
		if end < 0 || rest[end] != '=' {
			word, tail := cutAt(rest, end)
			if first {
				m.Action = word
			}
			rest = tail
			continue
		}
		key := rest[:end]
		value, tail, ok := value(rest[end+1:])
		if !ok {
			return Message{}, ErrMalformed
		}
		m.Params = append(m.Params, Param{key, value})
		rest = tail
	}
}

func cutAt(s string, end int) (word, tail string) {
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// value reads the value at the start of s: a quoted string, or all up to the next blank.
func value(s string) (v, tail string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		v, tail = cutAt(s, strings.IndexAny(s, " \t"))
		return v, tail, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
