package audit

import (
	"bytes"
	"net/mail"
	"regexp"
	"strings"
)

// smtpCommand understands the commands of a client (RFC 5321, section 4.1) and the headers of its messages.
func smtpCommand(s *stream, b []byte, final bool) (int, parser) {
	if b[0] == 0x16 {
		return startTLS(s, b, final)
	}
	line, n := cutLine(b, final)
	if n == 0 {
		return 0, smtpCommand
	}
	s.protocol = "SMTP"
	verb, argument, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO", "LHLO":
		if argument = strings.TrimSpace(argument); !inI2P(argument) {
			s.found(SMTPHello, s.value(strings.Trim(argument, "[]")))
		}
	case "DATA", "BDAT":
		return n, smtpHeaders
	}
	return n, smtpCommand
}

// telling are header fields of mails that say where and with what they were written (RFC 5322, section 3.6).
var telling = []string{
	"Received", "X-Originating-Ip", "X-Mailer", "User-Agent", "X-Sender", "X-Authenticated-Sender", "X-Source-Ip", "Organization",
}

// smtpHeaders understands the header of a mail.
func smtpHeaders(s *stream, b []byte, final bool) (int, parser) {
	if line, n := cutLine(b, final); n > 0 && (line == "" || line == ".") {
		return smtpText(s, b, final) // there is none
	}
	head, _, ok := cutHead(b)
	if end := endOfMail(b); end >= 0 && (!ok || end < len(head)) { // nor a text
		head, ok = b[:end], true
	}
	if !ok && !final {
		return 0, smtpHeaders
	}
	m, err := mail.ReadMessage(strings.NewReader(string(head) + "\r\n\r\n"))
	if err != nil {
		return len(head), smtpText
	}
	for _, name := range telling {
		if v := m.Header.Get(name); v != "" {
			s.found(SMTPHeader, name+": "+s.value(v))
		}
	}
	if _, domain, _ := strings.Cut(strings.Trim(m.Header.Get("Message-Id"), "<> "), "@"); !inI2P(domain) {
		s.found(SMTPHeader, "Message-ID: "+s.value(domain))
	}
	s.timeZone(m.Header.Get("Date"))
	return len(head), smtpText
}

// endOfMail returns where the line is that ends a mail, if it is not the first one, or -1.
func endOfMail(b []byte) int {
	for _, end := range []string{"\n.\r\n", "\n.\n"} {
		if i := bytes.Index(b, []byte(end)); i >= 0 {
			return i + 1
		}
	}
	return -1
}

// smtpText passes over a message to the line that ends it, behind which there may be another.
func smtpText(_ *stream, b []byte, final bool) (int, parser) {
	line, n := cutLine(b, final)
	if n > 0 && line == "." {
		return n, smtpCommand
	}
	return n, smtpText
}

var offset = regexp.MustCompile(`\d\d:\d\d(?::\d\d)? ?([+-]\d{4})\b`)

// timeZone notes a time with an offset from UTC.
func (s *stream) timeZone(text string) {
	if m := offset.FindStringSubmatch(text); m != nil && strings.Trim(m[1], "+-0") != "" {
		s.found(TimeZone, s.value(m[1]))
	}
}
