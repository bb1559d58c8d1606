package audit

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ircLine understands the lines of a client (RFC 2812).
func ircLine(s *stream, b []byte, final bool) (int, parser) {
	if b[0] == 0x16 {
		return startTLS(s, b, final)
	}
	line, n := cutLine(b, final)
	if n == 0 {
		return 0, ircLine
	}
	s.protocol = "IRC"
	words, text := ircWords(line)
	if len(words) == 0 {
		return n, ircLine
	}
	switch strings.ToUpper(words[0]) {
	case "NICK":
		if len(words) > 1 {
			s.link("nick", "nick "+words[1])
		}
	case "USER":
		s.ircUser(words[1:], text)
	case "NOTICE", "PRIVMSG":
		if ctcp, ok := strings.CutPrefix(text, "\x01"); ok {
			s.ctcp(words[0], strings.TrimSuffix(ctcp, "\x01"))
		}
	}
	return n, ircLine
}

// ircWords splits a line into its words and the text behind the colon. Tags and source are left out.
func ircWords(line string) (words []string, text string) {
	for strings.HasPrefix(line, "@") || strings.HasPrefix(line, ":") {
		_, line, _ = strings.Cut(line, " ")
	}
	line, text, _ = strings.Cut(" "+line, " :")
	return strings.Fields(line), text
}

// commonNames are what user and real names are set to by people who have thought of it.
var commonNames = []string{"", "*", "0", "i2p", "user", "guest", "anonymous", "anon", "unknown", "realname", "username", "ident", "nobody", "none"}

// ircUser judges "USER name mode unused :real name".
func (s *stream) ircUser(words []string, real string) {
	if len(words) == 0 {
		return
	}
	if real == "" && len(words) > 3 {
		real = words[3]
	}
	for _, name := range []string{words[0], real} {
		if !slices.Contains(commonNames, strings.ToLower(strings.TrimLeft(name, "~"))) {
			s.found(IRCUser, s.value(name))
			s.link("user name", "user "+name)
		}
	}
}

// ctcp judges a message of the client-to-client protocol: an answer, which is a NOTICE, or an offer.
func (s *stream) ctcp(command, message string) {
	verb, rest, _ := strings.Cut(message, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "DCC":
		for _, word := range strings.Fields(rest) {
			if a, ok := dccAddress(word); ok {
				s.found(IRCDCC, s.value(a.String()))
			}
		}
	case "VERSION", "TIME", "FINGER", "USERINFO", "CLIENTINFO", "SOURCE":
		if strings.EqualFold(command, "NOTICE") {
			s.found(IRCCTCP, verb)
		}
	}
}

// dccAddress returns the address in an offer: IPv4 is a decimal number, IPv6 as usual.
func dccAddress(word string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(word); err == nil {
		return a, true
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil || n < 1<<24 { // smaller numbers are ports and sizes
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), true
}
