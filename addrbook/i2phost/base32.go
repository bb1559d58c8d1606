package i2phost

import (
	"encoding/base32"
	"hash/crc32"
	"strings"
)

const (
	hashChars    = 52 // 32 bytes, and four spare bits
	blindedChars = 56 // 35 bytes
	alphabet     = "abcdefghijklmnopqrstuvwxyz234567"

	// hashOfNothing is the SHA-256 of no bytes, which i2pkeys makes of every
	// destination that it cannot decode. Nobody can have it.
	hashOfNothing = "4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq"
)

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

func parseBase32(s string) (Host, error) {
	label := strings.TrimSuffix(s, b32Suffix)
	switch {
	case strings.Contains(label, "."):
		return malformed("a label before a base32 name")
	case !isBase32(label):
		return malformed("not base32")
	case len(label) == hashChars:
		if !noSpareBits(label) {
			return malformed("spare bits at the end of the base32")
		}
		if label == hashOfNothing {
			return malformed("the hash of nothing")
		}
		return Host{Base32, s}, nil
	case len(label) == blindedChars:
		if _, ok := decodeBlinded(label); !ok {
			return malformed("checksum or type of the encrypted base32")
		}
		return Host{EncryptedBase32, s}, nil
	}
	return malformed("length of the base32")
}

func isBase32(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '2' <= c && c <= '7') {
			return false
		}
	}
	return true
}

// noSpareBits reports whether the last of 52 characters is canonical; Go's
// decoder does not look.
func noSpareBits(s string) bool { return s[len(s)-1] == 'a' || s[len(s)-1] == 'q' }

// Hash returns the SHA-256 of the destination asked for, if h is [Base32].
func (h Host) Hash() (hash [32]byte, ok bool) {
	if h.kind != Base32 {
		return hash, false
	}
	copy(hash[:], decode(strings.TrimSuffix(h.text, b32Suffix)))
	return hash, true
}

// Blinded is what an encrypted base32 name says about its service.
type Blinded struct {
	// SignatureType is that of the destination's signing key, 7 (Ed25519) or 11
	// (RedDSA).
	SignatureType uint16

	// Key is the destination's public signing key. A destination that a router
	// gives for the name must have it.
	Key [32]byte

	// NeedsSecret says that a lookup password is needed, NeedsAuth that each
	// client needs a key of its own.
	NeedsSecret, NeedsAuth bool
}

// Blinded returns the contents of h, if it is [EncryptedBase32].
func (h Host) Blinded() (Blinded, bool) {
	if h.kind != EncryptedBase32 {
		return Blinded{}, false
	}
	return decodeBlinded(strings.TrimSuffix(h.text, b32Suffix))
}

// Host returns the name that says b; [Host.Blinded] is the way back. It fails with [ErrMalformed] for signature
// types other than 7 and 11.
func (b Blinded) Host() (Host, error) {
	if b.SignatureType != ed25519 && b.SignatureType != red25519 {
		return malformed("signature type that cannot be blinded")
	}
	var flags byte
	if b.NeedsSecret {
		flags |= flagSecret
	}
	if b.NeedsAuth {
		flags |= flagAuth
	}
	crc := crc32.ChecksumIEEE(b.Key[:])
	data := []byte{flags ^ byte(crc), byte(b.SignatureType) ^ byte(crc>>8), red25519 ^ byte(crc>>16)}
	return Host{EncryptedBase32, encoding.EncodeToString(append(data, b.Key[:]...)) + b32Suffix}, nil
}

// Signature types and flags of an encrypted base32 name.
const (
	red25519   = 11
	ed25519    = 7
	flagSecret = 1 << 1
	flagAuth   = 1 << 2
)

// decodeBlinded reads 56 characters of base32: I2P specification "B32 for
// Encrypted Leasesets". The three bytes in front are XORed with the checksum of
// the key:
//
//	+-------+---------+-----------------+-----------------+
//	| flags | sigtype | blinded sigtype | public key (32) |
//	+-------+---------+-----------------+-----------------+
func decodeBlinded(label string) (Blinded, bool) {
	b := decode(label)
	crc := crc32.ChecksumIEEE(b[3:])
	flags, sig, blinded := b[0]^byte(crc), b[1]^byte(crc>>8), b[2]^byte(crc>>16)
	if flags&^(flagSecret|flagAuth) != 0 || sig != ed25519 && sig != red25519 || blinded != red25519 {
		return Blinded{}, false
	}
	return Blinded{
		SignatureType: uint16(sig),
		Key:           [32]byte(b[3:]),
		NeedsSecret:   flags&flagSecret != 0,
		NeedsAuth:     flags&flagAuth != 0,
	}, true
}

// decode takes text that has passed isBase32 and has a length that fits, and so
// cannot fail.
func decode(label string) []byte {
	b, _ := encoding.DecodeString(label)
	return b
}
