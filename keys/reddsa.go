package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"

	"filippo.io/edwards25519"
)

// GenerateRedDSA is [Generate] with a signing key of type RedDSA, with which encrypted lease sets are signed. These
// support identities of both types; for everything else Generate is the better choice.
func GenerateRedDSA() (Identity, error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("keys: generate: %w", err)
	}
	var pad, cryptoPad [32]byte
	rand.Read(pad[:])
	rand.Read(cryptoPad[:])
	return assembleAs(RedDSA, pub, redDSAScalar(priv.Seed()), pad[:], cryptoPad[:])
}

// redDSAScalar returns the private key of type RedDSA that has the public key of an Ed25519 seed: the scalar that
// Ed25519 makes of its seed (RFC 8032, section 5.1.5).
func redDSAScalar(seed []byte) []byte {
	s, err := scalar(Ed25519, seed)
	if err != nil { // of the wrong length, which it is not
		panic("keys: " + err.Error())
	}
	return s.Bytes()
}

// redDSAPublic returns the public key of a private one.
func redDSAPublic(private []byte) []byte {
	s, err := scalar(RedDSA, private)
	if err != nil { // of the wrong length, which it is not
		panic("keys: " + err.Error())
	}
	return edwards25519.NewIdentityPoint().ScalarBaseMult(s).Bytes()
}
