// Package datagram wraps and verifies I2P's datagrams: I2P datagram specification. It is bytes in and values out.
//
//	raw         data
//	datagram1   sender, signature over the data, data
//	datagram2   sender, flags 2, [options], [offline signature], data, signature over the target's hash and all from the flags on
//	datagram3   hash of the sender 32, flags 2, [options], data; nothing is signed
package datagram

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Kind is how a datagram is wrapped, as numbered by I2CP's protocols.
type Kind uint8

// The kinds.
const (
	Datagram1 Kind = 17
	Raw       Kind = 18
	Datagram2 Kind = 19
	Datagram3 Kind = 20
)

// String returns the name of the kind in lower case.
func (k Kind) String() string {
	switch k {
	case Datagram1:
		return "datagram1"
	case Raw:
		return "raw"
	case Datagram2:
		return "datagram2"
	case Datagram3:
		return "datagram3"
	}
	return "kind " + strconv.Itoa(int(k))
}

var (
	// ErrMalformed: bytes that are no datagram of the kind.
	ErrMalformed = errors.New("malformed datagram")
	// ErrSignature: a datagram that its sender did not sign, or not for this receiver, or with a key that has expired.
	ErrSignature = errors.New("datagram with a wrong signature")
)

const (
	hashLen     = 32
	flagsLen    = 2
	flagVersion = 0x0f // of the flags of datagram2 and 3
	flagOptions = 1 << 4
	flagOffline = 1 << 5
)

// Datagram is one that came.
type Datagram struct {
	// From is the sender, who has signed; zero for raw and datagram3.
	From keys.Destination
	// FromHash is the hash of the sender. That of datagram3 is only claimed: anybody can send it. Zero for raw.
	FromHash [hashLen]byte
	// Data is part of the input.
	Data []byte
	// Unbound tells of a datagram2 that was signed over the sender's own hash, as i2pd 2.59 does, in the place of the
	// receiver's: like a datagram1 it may have been sent to somebody else first.
	Unbound bool
}

// Overhead returns how much longer a datagram is than its data.
func Overhead(k Kind, from keys.Signer) int {
	d := from.Destination()
	n := d.Len() + d.SignatureType().SignatureLen()
	switch k {
	case Datagram1:
		return n
	case Datagram2:
		if o, ok := offline(from); ok {
			b, _ := o.AppendBinary(nil) // never fails
			n = d.Len() + len(b) + o.Type.SignatureLen()
		}
		return n + flagsLen
	case Datagram3:
		return hashLen + flagsLen
	}
	return 0
}

func offline(s keys.Signer) (keys.OfflineSignature, bool) {
	if s, ok := s.(keys.OfflineSigner); ok {
		return s.OfflineSignature(), true
	}
	return keys.OfflineSignature{}, false
}

// Append appends data, wrapped for the destination whose hash is to. A datagram1 cannot be signed offline, which is
// [errors.ErrUnsupported].
func Append(b []byte, k Kind, from keys.Signer, to [hashLen]byte, data []byte) ([]byte, error) {
	switch k {
	case Raw:
		return append(b, data...), nil
	case Datagram1:
		return append1(b, from, data)
	case Datagram2:
		return append2(b, from, to, data)
	case Datagram3:
		hash := from.Destination().Hash()
		b = append(b, hash[:]...)
		return append(append(b, 0, 3), data...), nil
	}
	return b, fmt.Errorf("%v: %w", k, errors.ErrUnsupported)
}

func append1(b []byte, from keys.Signer, data []byte) ([]byte, error) {
	if _, ok := offline(from); ok {
		return b, fmt.Errorf("datagram1 with an offline signature: %w", errors.ErrUnsupported)
	}
	d := from.Destination()
	sig, err := from.Sign(signed1(d, data))
	if err != nil {
		return b, fmt.Errorf("sign datagram: %w", err)
	}
	b, _ = d.AppendBinary(b) // never fails
	return append(append(b, sig...), data...), nil
}

// signed1 returns what a datagram1 is signed over: DSA signs the hash.
func signed1(d keys.Destination, data []byte) []byte {
	if d.SignatureType() != keys.DSASHA1 {
		return data
	}
	hash := sha256.Sum256(data)
	return hash[:]
}

func append2(b []byte, from keys.Signer, to [hashLen]byte, data []byte) ([]byte, error) {
	start := len(b)
	b, _ = from.Destination().AppendBinary(b) // never fails
	body := len(b)
	if o, ok := offline(from); ok {
		b, _ = o.AppendBinary(append(b, 0, flagOffline|2)) // never fails
	} else {
		b = append(b, 0, 2)
	}
	b = append(b, data...)
	sig, err := from.Sign(append(to[:], b[body:]...))
	if err != nil {
		return b[:start], fmt.Errorf("sign datagram: %w", err)
	}
	return append(b, sig...), nil
}

// Parse reads and verifies a datagram that came to the destination whose hash is self at the time now.
func Parse(k Kind, self [hashLen]byte, b []byte, now time.Time) (Datagram, error) {
	switch k {
	case Raw:
		return Datagram{Data: b}, nil
	case Datagram1:
		return parse1(b)
	case Datagram2:
		return parse2(self, b, now)
	case Datagram3:
		return parse3(b)
	}
	return Datagram{}, fmt.Errorf("%v: %w", k, errors.ErrUnsupported)
}

// Claimed returns the hash of who a datagram says it is from, which nothing proves; zero for raw, and where there is none.
func Claimed(k Kind, b []byte) (hash [hashLen]byte) {
	switch k {
	case Datagram1, Datagram2:
		if d, _, err := keys.CutDestination(b); err == nil {
			return d.Hash()
		}
	case Datagram3:
		copy(hash[:], b)
	}
	return hash
}

func parse1(b []byte) (Datagram, error) {
	d, rest, err := keys.CutDestination(b)
	if err != nil {
		return Datagram{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	n := d.SignatureType().SignatureLen()
	if len(rest) < n {
		return Datagram{}, ErrMalformed
	}
	sig, data := rest[:n], rest[n:]
	if !d.Verify(signed1(d, data), sig) {
		return Datagram{}, ErrSignature
	}
	return Datagram{From: d, FromHash: d.Hash(), Data: data}, nil
}

func parse2(self [hashLen]byte, b []byte, now time.Time) (Datagram, error) {
	d, body, err := keys.CutDestination(b)
	if err != nil {
		return Datagram{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	flags, rest, err := cutFlags(body, 2)
	if err != nil {
		return Datagram{}, err
	}
	kind, key := d.SignatureType(), d.SigningKey()
	if flags&flagOffline != 0 {
		o, after, err := keys.CutOfflineSignature(rest, d)
		if err != nil {
			return Datagram{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if !now.Before(o.Expires) {
			return Datagram{}, fmt.Errorf("%w: the transient key has expired", ErrSignature)
		}
		rest, kind, key = after, o.Type, o.Key
	}
	n := len(rest) - kind.SignatureLen()
	if n < 0 {
		return Datagram{}, ErrMalformed
	}
	sig := rest[n:]
	got := Datagram{From: d, FromHash: d.Hash(), Data: rest[:n:n]}
	signed := append(self[:], body[:len(body)-len(sig)]...)
	if kind.Verify(key, signed, sig) {
		return got, nil
	}
	copy(signed, got.FromHash[:])
	if got.Unbound = kind.Verify(key, signed, sig); !got.Unbound {
		return Datagram{}, ErrSignature
	}
	return got, nil
}

func parse3(b []byte) (Datagram, error) {
	if len(b) < hashLen {
		return Datagram{}, ErrMalformed
	}
	_, data, err := cutFlags(b[hashLen:], 3)
	return Datagram{FromHash: [hashLen]byte(b), Data: data}, err
}

// cutFlags takes the flags, which must be of a version, and the options, of which none mean anything yet.
func cutFlags(b []byte, version uint16) (flags uint16, rest []byte, err error) {
	if len(b) < flagsLen {
		return 0, nil, ErrMalformed
	}
	flags, b = binary.BigEndian.Uint16(b), b[flagsLen:]
	if flags&flagVersion != version || flags&^(flagVersion|flagOptions|flagOffline) != 0 || version == 3 && flags&flagOffline != 0 {
		return 0, nil, fmt.Errorf("%w: flags %04x", ErrMalformed, flags)
	}
	if flags&flagOptions != 0 {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return 0, nil, fmt.Errorf("%w: options", ErrMalformed)
		}
		b = b[2+binary.BigEndian.Uint16(b):]
	}
	return flags, b, nil
}
