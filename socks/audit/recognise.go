package audit

import (
	"bytes"
	"slices"
	"strings"
)

// maxWord is how much of a line is looked at for its first word.
const maxWord = 20

// recognise returns what understands a stream that begins with b, nil if nothing does. It is false while that
// depends on what follows.
func recognise(b []byte, final bool) (p parser, known bool) {
	if len(b) == 0 {
		return nil, false
	}
	for _, prefix := range []struct {
		text  string
		parse parser
	}{
		{"\x16\x03", tlsHello},
		{"SSH-", sshBanner},
		{"\x13BitTorrent protocol", bitTorrentHandshake},
		{"<?xml", xmppStream},
		{"<stream:stream", xmppStream},
	} {
		n := min(len(b), len(prefix.text))
		if string(b[:n]) == prefix.text[:n] {
			return prefix.parse, n == len(prefix.text) || final
		}
	}
	if isSTUN(b) {
		return stunMessage, true
	}
	line, _, complete := bytes.Cut(b, []byte("\n"))
	word, _, spaced := strings.Cut(string(line[:min(len(line), maxWord)]), " ")
	word = strings.ToUpper(strings.TrimRight(word, "\r"))
	if !spaced && !complete && !final && begins(word) {
		return nil, false
	}
	return byWord(word, line, complete || final)
}

// The words that the protocols of lines begin with, but for USER.
var (
	httpFirst = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
		"PROPFIND", "PROPPATCH", "REPORT", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "SOURCE"}
	smtpFirst = []string{"EHLO", "HELO", "LHLO"}
	ircFirst  = []string{"NICK", "CAP", "PASS", "WEBIRC", "AUTHENTICATE"}

	firstWords = slices.Concat(httpFirst, smtpFirst, ircFirst, []string{"USER"})
)

// begins reports whether a word may become, or is, one of those.
func begins(word string) bool {
	return slices.ContainsFunc(firstWords, func(w string) bool { return strings.HasPrefix(w, word) })
}

// byWord recognises the protocols of lines by the first word of the first one.
func byWord(word string, line []byte, complete bool) (parser, bool) {
	switch {
	case slices.Contains(httpFirst, word):
		return httpRequest, true
	case slices.Contains(smtpFirst, word):
		return smtpCommand, true
	case slices.Contains(ircFirst, word):
		return ircLine, true
	case word == "USER": // POP3 and FTP know it as well, with one word behind it
		return choose(len(bytes.Fields(line)) >= 5, ircLine), complete
	}
	return nil, true
}

func choose(ok bool, p parser) parser {
	if ok {
		return p
	}
	return nil
}

// cutLine returns the first line of b without its end, and how long it is with it; 0 if it is incomplete.
func cutLine(b []byte, final bool) (line string, n int) {
	before, _, ok := bytes.Cut(b, []byte("\n"))
	switch {
	case ok:
		n = len(before) + 1
	case final:
		n = len(before)
	}
	return strings.TrimRight(string(before), "\r"), n
}

// startTLS waits for encryption to begin, after which nothing can be read; whatever else comes is not understood.
func startTLS(s *stream, b []byte, final bool) (int, parser) {
	if b[0] == 0x16 {
		return tlsHello(s, b, final)
	}
	return 0, nil
}
