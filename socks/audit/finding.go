package audit

import (
	"fmt"
	"strings"
	"time"
)

// Severity is how much a finding reveals.
type Severity int

// The severities.
const (
	// Note distinguishes the client from others, such as the name of its program.
	Note Severity = iota
	// Warning links identities of the user, or reveals the system.
	Warning
	// Leak reveals who or where the user is, or bypasses the proxy.
	Leak
)

// String returns the severity in lower case.
func (s Severity) String() string {
	switch s {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Leak:
		return "leak"
	}
	return fmt.Sprintf("Severity(%d)", int(s))
}

// MarshalText returns what String returns, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses what MarshalText returns.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, known := range []Severity{Note, Warning, Leak} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("audit: no severity is called %q", text)
}

// Finding is something that a client has revealed. Findings that differ only in number and time are combined.
type Finding struct {
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`
	// Protocol is in what it was found: "SOCKS", "HTTP", "TLS", "SMTP", "IRC", "SSH", "BitTorrent", "XMPP",
	// "STUN" or, for what is unknown, "stream" or "datagram"; "answer" is what the peer has sent, who then knows.
	Protocol string `json:"protocol"`
	// Identity is the [socks.Request.Isolation] of the client, a hash.
	//
	// [socks.Request.Isolation]: https://pkg.go.dev/github.com/go-i2p/i2psocks/socks#Request.Isolation
	Identity string `json:"identity"`
	// Seen is what was found. Unless [Auditor].Reveal is set, only its kind and length are told, beside words
	// of the protocol.
	Seen string `json:"seen"`
	// Advice is one sentence on how to configure the client.
	Advice string `json:"advice"`
	// Count is how often it was found, between First and Last.
	Count int       `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// String returns one line: severity, protocol, rule, what was seen and the advice.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", f.Severity, f.Protocol, f.Rule)
	if f.Seen != "" {
		fmt.Fprintf(&b, ": %s", f.Seen)
	}
	fmt.Fprintf(&b, ". %s", f.Advice)
	return b.String()
}

// key is what equal findings have in common.
type key struct {
	rule               Rule
	protocol, identity string
	seen               string
}

func (f Finding) key() key { return key{f.Rule, f.Protocol, f.Identity, f.Seen} }
