package addrbook

import (
	"fmt"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// Address is what a name stands for: a destination or, if that is not known, its base32 name or encrypted base32
// name, with which a router can find it. It is a comparable value; the zero Address means none. Its contents are
// valid.
//
// Use [Address.Same], not ==, to compare services.
type Address struct {
	dest keys.Destination // zero if host says all that is known
	host i2phost.Host     // a base32 name, plain or encrypted
}

// AddressOf returns the Address of a destination.
func AddressOf(d keys.Destination) Address { return Address{dest: d} }

// ParseAddress parses a base64 destination, with or without padding, or a base32 name, plain or encrypted. The error
// is one of keys or i2phost; for any other name it is [i2phost.ErrMalformed], since a name cannot stand for another
// name.
func ParseAddress(s string) (Address, error) {
	if !strings.Contains(s, ".") {
		d, err := parseDestination(s)
		return AddressOf(d), err
	}
	host, err := i2phost.Parse(s)
	if err != nil {
		return Address{}, err
	}
	if k := host.Kind(); k != i2phost.Base32 && k != i2phost.EncryptedBase32 {
		return Address{}, fmt.Errorf("%w: %v for an address", i2phost.ErrMalformed, k)
	}
	return Address{host: host}, nil
}

// parseDestination reads a destination in base64, with or without its padding: there
// is one text for its bytes either way.
func parseDestination(s string) (keys.Destination, error) {
	if short := len(s) % 4; short > 1 {
		s += strings.Repeat("=", 4-short)
	}
	return keys.ParseDestination(s)
}

// IsZero reports whether a is none.
func (a Address) IsZero() bool { return a == Address{} }

// Destination returns the destination if it is known.
func (a Address) Destination() (d keys.Destination, ok bool) { return a.dest, !a.dest.IsZero() }

// Text returns the form for hosts files and for queries to a router: the destination in base64 if known, otherwise
// the base32 name. It is empty for none.
func (a Address) Text() string {
	if d, ok := a.Destination(); ok {
		return d.Base64()
	}
	return a.host.String()
}

// Base32 returns the base32 name: that of the destination's hash, or the encrypted one if only that is known. It is
// empty for none.
func (a Address) Base32() string {
	if d, ok := a.Destination(); ok {
		return d.Base32()
	}
	return a.host.String()
}

// String is [Address.Base32].
func (a Address) String() string { return a.Base32() }

// Hash returns the SHA-256 of the destination. It is not known for an encrypted base32 name.
func (a Address) Hash() (hash [32]byte, ok bool) {
	if d, ok := a.Destination(); ok {
		return d.Hash(), true
	}
	return a.host.Hash()
}

// Same reports whether both stand for the same service: they are the same destination, or one is the hash of the
// other, or its key is in the other's encrypted base32 name. A hash and an encrypted base32 name cannot be compared
// and are not the same.
func (a Address) Same(b Address) bool {
	if a.IsZero() || b.IsZero() {
		return false
	}
	if h, ok := a.Hash(); ok {
		if other, ok := b.Hash(); ok {
			return h == other
		}
	}
	key, ok := a.signingKey()
	other, both := b.signingKey()
	return ok && both && key == other
}

// signingKey is what an encrypted base32 name tells of a destination.
type signingKey struct {
	signatureType uint16
	key           [32]byte
}

func (a Address) signingKey() (k signingKey, ok bool) {
	if b, ok := a.host.Blinded(); ok {
		return signingKey{b.SignatureType, b.Key}, true
	}
	d, ok := a.Destination()
	if !ok || len(d.SigningKey()) != len(k.key) {
		return k, false
	}
	return signingKey{uint16(d.SignatureType()), [32]byte(d.SigningKey())}, true
}

// hashed returns a without what its hash stands for.
func (a Address) hashed() Address {
	if d, ok := a.Destination(); ok {
		host, _ := i2phost.Parse(d.Base32())
		return Address{host: host}
	}
	return a
}
