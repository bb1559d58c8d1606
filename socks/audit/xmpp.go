package audit

import (
	"bytes"
	"encoding/xml"
	"errors"
)

// xmppStream understands the header of a stream (RFC 6120, section 4.7), and then waits for encryption.
func xmppStream(s *stream, b []byte, final bool) (int, parser) {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		token, err := d.RawToken()
		if err != nil {
			if syntax := (*xml.SyntaxError)(nil); !final && (!errors.As(err, &syntax) || syntax.Msg == "unexpected EOF") {
				return 0, xmppStream
			}
			return len(b), nil
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local == "stream" {
			s.protocol = "XMPP"
			for _, a := range start.Attr {
				if a.Name.Local == "from" && a.Value != "" {
					s.found(XMPPAddress, s.value(a.Value))
					s.link("JID", a.Value)
				}
			}
		}
		return int(d.InputOffset()), xmppStanza
	}
}

// xmppStanza passes over what is sent until encryption begins.
func xmppStanza(s *stream, b []byte, final bool) (int, parser) {
	if b[0] == 0x16 {
		return tlsHello(s, b, final)
	}
	if i := bytes.IndexByte(b, 0x16); i > 0 {
		return i, xmppStanza
	}
	return len(b), xmppStanza
}
