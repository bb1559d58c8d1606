package keys

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
)

// LeaseSetKey gives a client access to encrypted lease sets: 32 secret bytes. A service that authorises clients by DH
// is given the [LeaseSetKey.Public] half; with PSK it has the key itself. See the I2P specification of encrypted
// lease sets, "per-client authorization". The zero value means none.
//
// Like an Identity it never prints its secret: fmt, slog and encoding/json show "secret", and [LeaseSetKey.Reveal] is
// the only way to get it. It is immutable and may be shared by goroutines. It is not comparable.
type LeaseSetKey struct {
	open func() [32]byte // a func, as nothing can look into one; see Identity
}

// LeaseSetPublicKey is the public half of a [LeaseSetKey], an X25519 key. It is comparable; the zero value
// is "none".
type LeaseSetPublicKey struct{ b [32]byte }

// GenerateLeaseSetKey returns a new key, for DH or PSK.
func GenerateLeaseSetKey() LeaseSetKey {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return LeaseSetKey{func() [32]byte { return b }}
}

// ParseLeaseSetKey parses what [LeaseSetKey.Reveal] returns, as strictly as [ParseDestination]. An all-zero key is
// refused. The error wraps [ErrMalformed] and does not repeat s.
func ParseLeaseSetKey(s string) (LeaseSetKey, error) {
	b, err := parse32(s)
	if err != nil {
		return LeaseSetKey{}, fmt.Errorf("keys: lease set key: %w", err)
	}
	return LeaseSetKey{func() [32]byte { return b }}, nil
}

// IsZero reports whether k is no key.
func (k LeaseSetKey) IsZero() bool { return k.open == nil }

// Public returns the public half, for services that authorise by DH. It is zero for the zero key.
func (k LeaseSetKey) Public() LeaseSetPublicKey {
	if k.IsZero() {
		return LeaseSetPublicKey{}
	}
	b := k.open()
	private, err := ecdh.X25519().NewPrivateKey(b[:])
	if err != nil { // of the wrong length, which it is not
		panic("keys: " + err.Error())
	}
	return LeaseSetPublicKey{[32]byte(private.PublicKey().Bytes())}
}

// Reveal returns the secret as 44 characters of I2P base64, "" for no key. Never log it.
func (k LeaseSetKey) Reveal() string {
	if k.IsZero() {
		return ""
	}
	b := k.open()
	return i2pBase64.EncodeToString(b[:])
}

// String returns "secret", or "none".
func (k LeaseSetKey) String() string {
	if k.IsZero() {
		return "none"
	}
	return "secret"
}

// Format prints what String returns, whatever the verb and flags.
func (k LeaseSetKey) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// GoString returns what String returns.
func (k LeaseSetKey) GoString() string { return k.String() }

// LogValue logs what String returns.
func (k LeaseSetKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText returns what String returns. It cannot be unmarshalled.
func (k LeaseSetKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParseLeaseSetPublicKey parses what [LeaseSetPublicKey.String] returns, as strictly as [ParseDestination]. Points of
// small order are refused, because with them everybody would share the client's secret. The error wraps
// [ErrMalformed].
func ParseLeaseSetPublicKey(s string) (LeaseSetPublicKey, error) {
	b, err := parse32(s)
	if err != nil {
		return LeaseSetPublicKey{}, fmt.Errorf("keys: public lease set key: %w", err)
	}
	curve := ecdh.X25519()
	public, err := curve.NewPublicKey(b[:])
	if err == nil {
		probe, _ := curve.NewPrivateKey([]byte("any private key tells such points"[:32]))
		_, err = probe.ECDH(public)
	}
	if err != nil {
		return LeaseSetPublicKey{}, fmt.Errorf("keys: public lease set key: %w: a point of small order", ErrMalformed)
	}
	return LeaseSetPublicKey{b}, nil
}

// IsZero reports whether p is no key.
func (p LeaseSetPublicKey) IsZero() bool { return p == LeaseSetPublicKey{} }

// String returns 44 characters of I2P base64, or "none".
func (p LeaseSetPublicKey) String() string {
	if p.IsZero() {
		return "none"
	}
	return i2pBase64.EncodeToString(p.b[:])
}

// parse32 reads 32 bytes that are not all zero.
func parse32(s string) (key [32]byte, err error) {
	if len(s) != i2pBase64.EncodedLen(len(key)) {
		return key, fmt.Errorf("%w: not 32 bytes of base64", ErrMalformed)
	}
	b, ok := decodeBase64(s)
	if !ok || len(b) != len(key) {
		return key, fmt.Errorf("%w: not 32 bytes of I2P base64", ErrMalformed)
	}
	if key = [32]byte(b); key == [32]byte{} {
		return key, fmt.Errorf("%w: nothing but zeros", ErrMalformed)
	}
	return key, nil
}
