// Package settings checks the settings that sessions have whatever they speak to a router, and puts them into the words
// that all routers share; and it makes a router's own words fit to be repeated.
package settings

import (
	"fmt"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// Bad is a field that no router is given, and why.
type Bad struct{ Field, Reason string }

func bad(field, format string, args ...any) *Bad { return &Bad{field, fmt.Sprintf(format, args...)} }

// Option is one of a session's, by the name that routers have for it.
type Option struct{ Key, Value string }

// Nickname is that of a session that has none, and MaxNickname the length in bytes of one that has.
const (
	Nickname    = "i2psocks"
	MaxNickname = 64
)

// IsWord reports whether s is 1 to limit letters, digits, dots, underscores and hyphens, which all routers read alike.
func IsWord(s string, limit int) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= limit
}

const maxLogin = 128 // bytes of a user, and of a password

// Login returns what password returns, checked together with the user: both or neither, in characters that can be sent, which
// are called by their name.
func Login(user string, password func() string, sendable func(string) bool, characters string) (secret string, wrong *Bad) {
	if password != nil {
		secret = password()
	}
	for _, f := range []struct{ field, value, other string }{{"User", user, secret}, {"Password", secret, user}} {
		switch {
		case f.value == "" && f.other == "":
		case f.value == "":
			return "", bad(f.field, "is missing, as the other of User and Password is set")
		case len(f.value) > maxLogin || !sendable(f.value):
			return "", bad(f.field, "must be up to %d %s", maxLogin, characters)
		}
	}
	return secret, nil
}

// EncryptedHost returns the host name by which peers dial a destination whose lease set is encrypted, for clients with a key
// alone or for all. It is "" if the type of its signatures has none.
func EncryptedHost(d keys.Destination, forClients bool) string {
	b := i2phost.Blinded{SignatureType: uint16(d.SignatureType()), NeedsAuth: forClients}
	if copy(b.Key[:], d.SigningKey()) != len(d.SigningKey()) {
		return ""
	}
	host, err := b.Host()
	if err != nil {
		return ""
	}
	return host.String()
}
