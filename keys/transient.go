package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"
)

// Transient is a key that signs for a destination until it expires. It is a [Signer] for those who must not have the
// destination's own key. Like an [Identity] it never prints its secret, is safe to copy, and has one way out,
// [Transient.Reveal]. The zero value is "none".
type Transient struct {
	dest    Destination
	offline OfflineSignature
	open    func() transientSecret // a func, as nothing can look into one; see Identity
}

type transientSecret struct {
	crypto  []byte // the private crypto key, of which nobody uses anything
	private ed25519.PrivateKey
}

var _ OfflineSigner = Transient{}

// NewTransient makes a key of type [Ed25519] that may sign for owner's destination until expires.
func NewTransient(owner Signer, expires time.Time) (Transient, error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Transient{}, fmt.Errorf("keys: transient: %w", err)
	}
	if s := expires.Unix(); s <= 0 || s > math.MaxUint32 {
		return Transient{}, fmt.Errorf("keys: transient: %w: expiry out of range", ErrUnsupported)
	}
	o := OfflineSignature{Expires: time.Unix(expires.Unix(), 0), Type: Ed25519, Key: pub}
	if o.Signature, err = owner.Sign(o.signed()); err != nil {
		return Transient{}, fmt.Errorf("keys: transient: %w", err)
	}
	d := owner.Destination()
	crypto := make([]byte, 32)
	if lens := d.CryptoType().privateLens(); lens != nil {
		crypto = make([]byte, lens[0])
	}
	rand.Read(crypto) // never fails: crypto/rand ends the process instead
	s := transientSecret{crypto, priv}
	return Transient{d, o, func() transientSecret { return s }}, nil
}

// ParseTransient reads what [Transient.Reveal] returns: an offline-signed private key as Java I2P and i2pd have them,
// in base64. Transient keys of other types than [Ed25519] are refused. Whether it has expired is not looked at.
//
// The error wraps [ErrMalformed] or [ErrUnsupported], and does not repeat s.
func ParseTransient(s string) (Transient, error) {
	if len(s) > maxIdentityText {
		return Transient{}, fmt.Errorf("keys: transient: %w: text too long", ErrMalformed)
	}
	b, ok := decodeBase64(s)
	if !ok {
		return Transient{}, fmt.Errorf("keys: transient: %w: not I2P base64", ErrMalformed)
	}
	t, err := transientFromBytes(b)
	if err != nil {
		return Transient{}, fmt.Errorf("keys: transient: %w", err)
	}
	return t, nil
}

// transientFromBytes reads a destination, a private crypto key, zeros in the place of the signing key, the offline
// signature, and the transient private key.
func transientFromBytes(b []byte) (Transient, error) {
	d, rest, err := CutDestination(b)
	if err != nil {
		return Transient{}, err
	}
	size := d.SignatureType().privateLen()
	lens := d.CryptoType().privateLens()
	if size == 0 || lens == nil {
		return Transient{}, fmt.Errorf("%w: kind of destination", ErrUnsupported)
	}
	for _, l := range lens {
		if len(rest) <= l+size || !isZero(rest[l:l+size]) {
			continue
		}
		o, seed, err := CutOfflineSignature(rest[l+size:], d)
		switch {
		case err != nil:
			return Transient{}, err
		case o.Type != Ed25519:
			return Transient{}, fmt.Errorf("%w: transient key of type %v", ErrUnsupported, o.Type)
		case len(seed) != ed25519.SeedSize || !matches(Ed25519, seed, o.Key):
			return Transient{}, fmt.Errorf("%w: private and public transient key do not belong together", ErrMalformed)
		}
		s := transientSecret{bytes.Clone(rest[:l]), ed25519.NewKeyFromSeed(seed)}
		return Transient{d, o, func() transientSecret { return s }}, nil
	}
	return Transient{}, fmt.Errorf("%w: not signed offline", ErrMalformed)
}

// IsZero reports whether t is no key.
func (t Transient) IsZero() bool { return t.open == nil }

// Reveal returns the secret in base64, "" for the zero Transient. Never log it.
func (t Transient) Reveal() string {
	if t.IsZero() {
		return ""
	}
	s := t.open()
	b := append(t.dest.Bytes(), s.crypto...)
	b = append(b, make([]byte, t.dest.SignatureType().privateLen())...)
	b, _ = t.offline.AppendBinary(b) // never fails
	return i2pBase64.EncodeToString(append(b, s.private.Seed()...))
}

// Destination returns the destination it signs for.
func (t Transient) Destination() Destination { return t.dest }

// OfflineSignature implements [OfflineSigner].
func (t Transient) OfflineSignature() OfflineSignature { return t.offline }

// Sign implements [Signer]. It fails once the key has expired, and for the zero Transient.
func (t Transient) Sign(message []byte) ([]byte, error) {
	switch {
	case t.IsZero():
		return nil, fmt.Errorf("keys: sign: %w", errNone)
	case !time.Now().Before(t.offline.Expires):
		return nil, fmt.Errorf("keys: sign: %w: the transient key has expired", ErrOffline)
	}
	return ed25519.Sign(t.open().private, message), nil
}

// String returns the host name of the destination, or "none".
func (t Transient) String() string {
	if t.IsZero() {
		return "none"
	}
	return t.dest.Base32()
}

// Format prints what String returns, whatever the verb and flags.
func (t Transient) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// GoString returns what String returns.
func (t Transient) GoString() string { return t.String() }

// LogValue logs what String returns.
func (t Transient) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText returns what String returns. There is no way back.
func (t Transient) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
