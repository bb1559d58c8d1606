package keys

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Layout of a Destination: I2P common structures, "KeysAndCert".
//
//	0            256                384     385      387
//	+------------+------------------+-------+--------+-------------------------+
//	| crypto key | padding, signing | type  | length | sigtype, cryptotype,    |
//	| field      | key at the right | NULL, | of the | then what of the signing|
//	|            |                  | KEY   | rest   | key and the crypto key  |
//	|            |                  |       |        | did not fit (P-521)     |
//	+------------+------------------+-------+--------+-------------------------+
const (
	signingFieldOffset = 256
	certOffset         = 384
	headerLen          = 387
	signingFieldLen    = certOffset - signingFieldOffset
	// Post-quantum signing keys, for which numbers are reserved, have up to 2,592 bytes.
	maxDestinationLen  = 4096
	maxDestinationText = (maxDestinationLen + 2) / 3 * 4

	certNull = 0
	certKey  = 5
)

// Destination is the public name of an I2P endpoint: its keys and certificate. It is comparable and can be a map key;
// the zero value means none.
//
// A non-zero Destination has passed the checks of [DestinationFromBytes]. Its types may be unknown here: it can then
// be looked up and dialled, but its signatures cannot be verified.
type Destination struct {
	b string // the binary form; a string so that == compares identities
}

// ParseDestination parses the I2P base64 text of a destination, with padding: 516 to 528 characters for the types in
// use, at most 5,464. The text of a destination is unique: white space, another alphabet, missing padding and unused
// bits that are set are errors.
//
// The error wraps [ErrMalformed] or [ErrUnsupported].
func ParseDestination(s string) (Destination, error) {
	if len(s) > maxDestinationText {
		return Destination{}, fmt.Errorf("keys: destination: %w: text too long", ErrMalformed)
	}
	b, ok := decodeBase64(s)
	if !ok {
		return Destination{}, fmt.Errorf("keys: destination: %w: not I2P base64", ErrMalformed)
	}
	return DestinationFromBytes(b)
}

// DestinationFromBytes parses the binary form of a destination, which must end exactly at the end of its certificate
// and be at most 4,096 bytes long. The certificate is a NULL or a KEY certificate. A KEY certificate may name any
// types; for those known here its length must be correct. The bytes are copied.
//
// The error wraps [ErrMalformed] or [ErrUnsupported].
func DestinationFromBytes(b []byte) (Destination, error) {
	n, err := destinationLen(b)
	if err != nil {
		return Destination{}, fmt.Errorf("keys: destination: %w", err)
	}
	if n != len(b) {
		return Destination{}, fmt.Errorf("keys: destination: %w: trailing bytes", ErrMalformed)
	}
	return Destination{string(b)}, nil
}

// CutDestination parses the destination at the start of b, as [DestinationFromBytes] does, and returns the bytes
// after it, without copying them.
func CutDestination(b []byte) (d Destination, rest []byte, err error) {
	n, err := destinationLen(b)
	if err != nil {
		return Destination{}, nil, fmt.Errorf("keys: destination: %w", err)
	}
	return Destination{string(b[:n])}, b[n:], nil
}

// destinationLen checks the destination at the start of b and returns its
// length; more bytes may follow it, as they do in an identity.
func destinationLen(b []byte) (int, error) {
	if len(b) < headerLen {
		return 0, fmt.Errorf("%w: too short", ErrMalformed)
	}
	payload := int(binary.BigEndian.Uint16(b[certOffset+1:]))
	n := headerLen + payload
	if len(b) < n {
		return 0, fmt.Errorf("%w: certificate cut short", ErrMalformed)
	}
	if n > maxDestinationLen {
		return 0, fmt.Errorf("%w: too long", ErrMalformed)
	}
	switch b[certOffset] {
	case certNull:
		if payload != 0 {
			return 0, fmt.Errorf("%w: NULL certificate with a payload", ErrMalformed)
		}
		return n, nil
	case certKey:
		return n, checkKeyCert(b[headerLen:n])
	}
	return 0, fmt.Errorf("%w: certificate type %d", ErrUnsupported, b[certOffset])
}

func checkKeyCert(payload []byte) error {
	if len(payload) < 4 {
		return fmt.Errorf("%w: KEY certificate without types", ErrMalformed)
	}
	sig := SignatureType(binary.BigEndian.Uint16(payload))
	crypto := CryptoType(binary.BigEndian.Uint16(payload[2:]))
	excess := len(payload) - 4 - max(0, sig.publicLen()-signingFieldLen)
	// What follows keys of a size that is not known may be a part of them.
	known := sig.publicLen() != 0 && crypto.privateLens() != nil
	if excess < 0 || known && excess > 0 {
		return fmt.Errorf("%w: length of the KEY certificate", ErrMalformed)
	}
	return nil
}

// IsZero reports whether d is no destination.
func (d Destination) IsZero() bool { return d.b == "" }

// Bytes returns a copy of the binary form, nil for the zero Destination.
func (d Destination) Bytes() []byte {
	if d.IsZero() {
		return nil
	}
	return []byte(d.b)
}

// Len returns the length of the binary form, 0 for the zero Destination.
func (d Destination) Len() int { return len(d.b) }

// AppendBinary appends the binary form to b; nothing for the zero Destination. It never fails.
func (d Destination) AppendBinary(b []byte) ([]byte, error) { return append(b, d.b...), nil }

// Base64 returns the I2P base64 text, "" for the zero Destination.
func (d Destination) Base64() string { return i2pBase64.EncodeToString([]byte(d.b)) }

// Hash returns the SHA-256 of the binary form, by which routers find a
// destination. The zero Destination has the zero hash.
func (d Destination) Hash() [32]byte {
	if d.IsZero() {
		// Not the hash of nothing: i2pkeys turns invalid input into that name.
		return [32]byte{}
	}
	return sha256.Sum256([]byte(d.b))
}

// Base32 returns the host name made of the hash, 52 characters and
// ".b32.i2p"; "" for the zero Destination.
func (d Destination) Base32() string {
	if d.IsZero() {
		return ""
	}
	h := d.Hash()
	return i2pBase32.EncodeToString(h[:]) + ".b32.i2p"
}

// String returns [Destination.Base32].
func (d Destination) String() string { return d.Base32() }

// SignatureType returns the type of the signing key; a NULL certificate means
// [DSASHA1]. It has no meaning for the zero Destination.
func (d Destination) SignatureType() SignatureType { return SignatureType(d.certField(0)) }

// CryptoType returns the type of the crypto key; a NULL certificate means
// [ElGamal]. It has no meaning for the zero Destination.
func (d Destination) CryptoType() CryptoType { return CryptoType(d.certField(2)) }

func (d Destination) certField(at int) uint16 {
	if len(d.b) < headerLen+4 {
		return 0
	}
	return uint16(d.b[headerLen+at])<<8 | uint16(d.b[headerLen+at+1])
}

// SigningKey returns a copy of the public signing key in the form of its
// [SignatureType], such as the 32 bytes of an Ed25519 key; nil for a type that is not known here, and for
// the zero Destination.
func (d Destination) SigningKey() []byte {
	n := d.SignatureType().publicLen()
	if d.IsZero() || n == 0 {
		return nil
	}
	inField := min(n, signingFieldLen)
	key := make([]byte, 0, n)
	key = append(key, d.b[certOffset-inField:certOffset]...)
	if n > inField {
		key = append(key, d.b[headerLen+4:headerLen+4+n-inField]...)
	}
	return key
}

// MarshalText returns [Destination.Base64], empty for the zero Destination.
func (d Destination) MarshalText() ([]byte, error) { return []byte(d.Base64()), nil }

// UnmarshalText reads what MarshalText writes, as [ParseDestination] does.
func (d *Destination) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Destination{}
		return nil
	}
	parsed, err := ParseDestination(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
