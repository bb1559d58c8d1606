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

// Identity is a [Destination] together with the private keys that make an
// endpoint be that destination. The zero value is "none".
//
// An Identity is a small value that refers to its secret, so printing it, or a
// struct that hides it in an unexported field, shows the host name or an
// address in memory and never a secret byte. It marshals to its host name too
// and cannot be unmarshalled: [Identity.Reveal], [Identity.RevealSAM] and [Export] are the only ways out. It cannot
// be changed and may be shared by goroutines. It is not comparable; compare
// the Destinations.
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

// Generate makes a new identity with an Ed25519 signing key and crypto type
// [ElGamal], the one kind that every router bears over SAM. The crypto keys are
// filler: routers make their own for the lease set. The filler repeats one
// random block so that it compresses well (I2P proposal 161).
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

// ParseIdentity reads the base64 text that SAM uses for a private key, under
// the rules of [IdentityFromBytes] and with the strictness of
// [ParseDestination].
//
// The error wraps [ErrMalformed] or [ErrUnsupported].
func ParseIdentity(s string) (Identity, error) {
	id, err := identityFromText(s)
	if err != nil {
		return Identity{}, fmt.Errorf("keys: identity: %w", err)
	}
	return id, nil
}

// IdentityFromBytes reads a binary private key: SAM's, i2pd's .dat file and
// Java's eepPriv.dat are all the same. The bytes are copied.
//
// The length must be exact, since a router may cut what is too long and go on
// with another identity. The public signing key must belong to the private one.
// Offline-signed keys are [ErrOffline]. Destinations of other types than the
// constants of [SignatureType] and [CryptoType] are [ErrUnsupported].
//
// The crypto private key may have 32 or 256 bytes where versions of i2pd differ about that: of the types
// [X25519] and later. Routers use nothing of it, and it is kept in 32 bytes.
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

// RevealSAM returns the secret for the DESTINATION option of SAM's SESSION CREATE, in a form that routers of
// every version read. It is the same as [Identity.Reveal] but for crypto types whose private key is 32 bytes for some
// routers and 256 for others. Of those the signing key stands in both places, as i2pd passes over what
// follows it. Keep it as Reveal asks.
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

// MarshalText returns what String returns, for encoding/json and all others
// that honour it. There is no way back.
func (id Identity) MarshalText() ([]byte, error) { return []byte(id.String()), nil }
