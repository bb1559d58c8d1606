package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// maxIdentityText bounds what is decoded. The longest identity accepted has
// 956 characters; longer ones, offline-signed or post-quantum, are still named as such.
const maxIdentityText = 16 << 10

// Identity is a [Destination] with its private keys. The zero value means none.
//
// An Identity refers to its secret, so printing it, or a struct that contains it in an unexported field, shows the
// host name or an address in memory and never a secret byte. It marshals to its host name and cannot be unmarshalled:
// [Identity.Reveal], [Identity.RevealSAM] and [Export] are the only ways to get the secret. It is immutable and may
// be shared by goroutines. It is not comparable; compare the Destinations.
type Identity struct {
	// A func, because nothing can look into one: fmt follows a pointer in an
	// unexported field when the verb does not suit it, and dumpers always do.
	open func() secret
}

type secret struct {
	dest    Destination
	blob    []byte             // destination, crypto private key, signing private key
	ed25519 ed25519.PrivateKey // of that type: deriving it takes as long as signing does
}

// Generate returns a new identity with an Ed25519 signing key and crypto type ElGamal, the only combination that all
// routers accept over SAM. The crypto keys are unused padding, because routers generate others for the lease set. The
// padding repeats one random block, so that it compresses well (I2P proposal 161).
func Generate() (Identity, error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("keys: generate: %w", err)
	}
	var pad, cryptoPad [32]byte
	rand.Read(pad[:]) // never fails: crypto/rand ends the process instead
	rand.Read(cryptoPad[:])
	return assemble(pub, priv.Seed(), pad[:], cryptoPad[:])
}

// assemble lays out an Ed25519 identity; the two pads are 32 bytes each.
func assemble(pub, seed, pad, cryptoPad []byte) (Identity, error) {
	return assembleAs(Ed25519, pub, seed, pad, cryptoPad)
}

// assembleAs is the same for all signature types whose keys have 32 bytes and fit their field.
func assembleAs(t SignatureType, pub, private, pad, cryptoPad []byte) (Identity, error) {
	b := bytes.Repeat(pad, (certOffset-len(pub))/len(pad))
	b = append(b, pub...)
	b = append(b, certKey, 0, 4, 0, byte(t), 0, byte(ElGamal))
	b = append(b, bytes.Repeat(cryptoPad, paddedPrivateLen/len(cryptoPad))...)
	return IdentityFromBytes(append(b, private...))
}

// ParseIdentity parses the base64 text that SAM uses for a private key, under the rules of [IdentityFromBytes] and as
// strictly as [ParseDestination].
//
// The error wraps [ErrMalformed] or [ErrUnsupported].
func ParseIdentity(s string) (Identity, error) {
	id, err := identityFromText(s)
	if err != nil {
		return Identity{}, fmt.Errorf("keys: identity: %w", err)
	}
	return id, nil
}

// IdentityFromBytes parses a binary private key as used by SAM, in i2pd's .dat files and in Java's eepPriv.dat. The
// bytes are copied.
//
// The length must be exact, since a router may truncate a longer key and use another identity. The public and the
// private signing key must match. An offline-signed key is [ErrOffline]. Destinations whose types are not constants
// of [SignatureType] and [CryptoType] are [ErrUnsupported].
//
// For X25519 and later crypto types the crypto private key may have 32 or 256 bytes, since versions of i2pd differ.
// Routers do not use it, and 32 bytes are kept.
//
// The error wraps [ErrMalformed] or [ErrUnsupported].
func IdentityFromBytes(b []byte) (Identity, error) {
	id, err := identityFromBytes(b)
	if err != nil {
		return Identity{}, fmt.Errorf("keys: identity: %w", err)
	}
	return id, nil
}

func identityFromText(s string) (Identity, error) {
	if len(s) > maxIdentityText {
		return Identity{}, fmt.Errorf("%w: text too long", ErrMalformed)
	}
	b, ok := decodeBase64(s)
	if !ok {
		return Identity{}, fmt.Errorf("%w: not I2P base64", ErrMalformed)
	}
	return identityFromBytes(b)
}

func identityFromBytes(b []byte) (Identity, error) {
	n, err := destinationLen(b)
	if err != nil {
		return Identity{}, err
	}
	dest := Destination{string(b[:n])}
	size := dest.SignatureType().privateLen()
	lens := dest.CryptoType().privateLens()
	if size == 0 || lens == nil {
		return Identity{}, fmt.Errorf("%w: signature type %d with crypto type %d",
			ErrUnsupported, uint16(dest.SignatureType()), uint16(dest.CryptoType()))
	}
	for _, l := range lens {
		if len(b) == n+l+size {
			return identityOf(dest, b[n:n+lens[0]], b[n+l:])
		}
	}
	for _, l := range lens {
		if end := n + l + size; len(b) > end && isZero(b[n+l:end]) {
			return Identity{}, ErrOffline
		}
	}
	return Identity{}, fmt.Errorf("%w: length of the private key", ErrMalformed)
}

// identityOf puts an identity together. The signing key is checked, and of the crypto key only its length is right.
func identityOf(dest Destination, crypto, signing []byte) (Identity, error) {
	if isZero(signing) {
		// As before an offline signature block, which is not there.
		return Identity{}, fmt.Errorf("%w: without its signing key", ErrUnsupported)
	}
	if !matches(dest.SignatureType(), signing, dest.SigningKey()) {
		return Identity{}, fmt.Errorf("%w: private and public key do not belong together", ErrMalformed)
	}
	s := secret{dest: dest, blob: slices.Concat([]byte(dest.b), crypto, signing)}
	if dest.SignatureType() == Ed25519 {
		s.ed25519 = ed25519.NewKeyFromSeed(signing)
	}
	return Identity{func() secret { return s }}, nil
}

func isZero(b []byte) bool { return bytes.Count(b, []byte{0}) == len(b) }

// IsZero reports whether id is no identity.
func (id Identity) IsZero() bool { return id.open == nil }

// Destination returns the public half, zero for the zero Identity.
func (id Identity) Destination() Destination {
	if id.IsZero() {
		return Destination{}
	}
	return id.open().dest
}

// Reveal returns the secret: the base64 text of a key file. It is "" for the zero
// Identity. Never log it or put it into an error.
func (id Identity) Reveal() string {
	if id.IsZero() {
		return ""
	}
	return i2pBase64.EncodeToString(id.open().blob)
}

// RevealSAM returns the secret for the DESTINATION option of SAM's SESSION CREATE, in a form that routers of all
// versions accept. It differs from [Identity.Reveal] only for crypto types whose private key has 32 bytes in some
// versions and 256 in others: there the signing key is written at both positions, as i2pd ignores what follows it.
// Treat it as Reveal says.
func (id Identity) RevealSAM() string {
	if id.IsZero() {
		return ""
	}
	s := id.open()
	if len(s.dest.CryptoType().privateLens()) == 1 {
		return id.Reveal()
	}
	b := append(bytes.Clone(s.blob), make([]byte, paddedPrivateLen)...)
	return i2pBase64.EncodeToString(append(b[:len(s.dest.b)+paddedPrivateLen], s.signing()...))
}

// String returns the host name, [Destination.Base32], or "none".
func (id Identity) String() string {
	if id.IsZero() {
		return "none"
	}
	return id.open().dest.Base32()
}

// Format prints what String returns, whatever the verb and flags.
func (id Identity) Format(f fmt.State, _ rune) { io.WriteString(f, id.String()) }

// GoString returns what String returns.
func (id Identity) GoString() string { return id.String() }

// LogValue logs what String returns.
func (id Identity) LogValue() slog.Value { return slog.StringValue(id.String()) }

// MarshalText returns what String returns, for encoding/json and others. It cannot be unmarshalled.
func (id Identity) MarshalText() ([]byte, error) { return []byte(id.String()), nil }
