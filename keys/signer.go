package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"

	"filippo.io/edwards25519"
)

// Signer signs for a destination. An [Identity] is one; an agent, a hardware token or another process may be another,
// so that the signing key need not be in this process. Its methods may be called by several goroutines at once.
//
// It signs the lease sets, streams and datagrams of a session, several times a minute. A session must answer a
// router's request for a lease set within 10 s, so a signature must not take longer than a second or two, and never
// wait for a person. It must not use the session that it signs for.
type Signer interface {
	// Destination returns the destination it signs for; always the same, and without waiting for anybody.
	Destination() Destination
	// Sign returns the signature of message in the form of the destination's [SignatureType].
	Sign(message []byte) ([]byte, error)
}

// BlindedSigner is a Signer that can sign encrypted lease sets, which are signed with another key each day: that
// of the destination, blinded. Destinations of type [Ed25519] and [RedDSA] can be blinded.
type BlindedSigner interface {
	Signer
	// SignBlinded returns a signature of type [RedDSA] by the private key plus alpha, a
	// scalar in little-endian form. See the I2P specification of encrypted lease sets, "Blinding".
	SignBlinded(alpha [32]byte, message []byte) ([]byte, error)
}

var _ BlindedSigner = Identity{}

// errNone is what the zero Identity signs with.
var errNone = errors.New("no identity")

// Sign implements [Signer]. It fails only for the zero Identity.
func (id Identity) Sign(message []byte) ([]byte, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("keys: sign: %w", errNone)
	}
	s := id.open()
	if s.ed25519 != nil {
		return ed25519.Sign(s.ed25519, message), nil
	}
	sig, err := sign(s.dest.SignatureType(), s.signing(), message)
	if err != nil {
		return nil, fmt.Errorf("keys: sign: %w", err)
	}
	return sig, nil
}

// SignBlinded implements [BlindedSigner]. The error wraps [ErrUnsupported] if the identity is of another type
// than [Ed25519] and [RedDSA], and [ErrMalformed] if alpha is no scalar.
func (id Identity) SignBlinded(alpha [32]byte, message []byte) ([]byte, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("keys: sign blinded: %w", errNone)
	}
	s := id.open()
	private, err := scalar(s.dest.SignatureType(), s.signing())
	if err != nil {
		return nil, fmt.Errorf("keys: sign blinded: %w", err)
	}
	a, err := edwards25519.NewScalar().SetCanonicalBytes(alpha[:])
	if err != nil {
		return nil, fmt.Errorf("keys: sign blinded: %w: not a scalar", ErrMalformed)
	}
	return signRedDSA(private.Add(private, a), message), nil
}

// signing returns the private signing key, which is the end of the blob.
func (s secret) signing() []byte {
	return s.blob[len(s.blob)-s.dest.SignatureType().privateLen():]
}

// scalar returns the private key with which curve arithmetic is done.
func scalar(t SignatureType, private []byte) (*edwards25519.Scalar, error) {
	switch t {
	case Ed25519:
		h := sha512.Sum512(private)
		return edwards25519.NewScalar().SetBytesWithClamping(h[:32])
	case RedDSA:
		// Others may have made it without reducing it modulo the order.
		return edwards25519.NewScalar().SetUniformBytes(append(private[:32:32], make([]byte, 32)...))
	}
	return nil, fmt.Errorf("%w: signature type %v cannot be blinded", ErrUnsupported, t)
}

// signRedDSA signs as the I2P specification of Red25519 says: as Ed25519 does, but with a random nonce.
func signRedDSA(private *edwards25519.Scalar, message []byte) []byte {
	public := edwards25519.NewIdentityPoint().ScalarBaseMult(private).Bytes()
	var seed [80]byte
	rand.Read(seed[:]) // never fails: crypto/rand ends the process instead
	r := hashToScalar(seed[:], public, message)
	sig := edwards25519.NewIdentityPoint().ScalarBaseMult(r).Bytes()
	s := edwards25519.NewScalar().MultiplyAdd(hashToScalar(sig, public, message), private, r)
	return append(sig, s.Bytes()...)
}

func hashToScalar(parts ...[]byte) *edwards25519.Scalar {
	h := sha512.New()
	for _, p := range parts {
		h.Write(p)
	}
	s, err := edwards25519.NewScalar().SetUniformBytes(h.Sum(nil))
	if err != nil { // of the wrong length, which it is not
		panic("keys: " + err.Error())
	}
	return s
}

// sign returns a signature in I2P's form: R and S, or r and s, each of fixed length.
func sign(t SignatureType, private, message []byte) ([]byte, error) {
	switch t {
	case RedDSA:
		s, err := scalar(t, private)
		if err != nil {
			return nil, err
		}
		return signRedDSA(s, message), nil
	case DSASHA1:
		return signDSA(private, message)
	}
	return signECDSA(t, private, message)
}
