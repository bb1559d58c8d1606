package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"
)

// GenerateRedDSA makes a new identity as [Generate] does, but with a signing key of type [RedDSA]: the type
// that encrypted lease sets are signed with. They take identities of either type, and all else is
// better off with Generate.
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

// groupOrder is the order of Ed25519's base point (RFC 8032, section 5.1).
const groupOrder = "1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED"

// redDSAScalar returns the private key of type RedDSA that has the public key of an Ed25519 seed: a scalar is
// what Ed25519 makes of its seed, too (RFC 8032, section 5.1.5), and only its rest modulo the
// order counts. So no curve arithmetic is needed beyond that of the standard library.
func redDSAScalar(seed []byte) []byte {
	h := sha512.Sum512(seed)
	s := h[:32]
	s[0] &^= 7
	s[31] = s[31]&0x3f | 0x40
	slices.Reverse(s) // little-endian, unlike math/big
	n := new(big.Int).SetBytes(s)
	scalar := n.Mod(n, fromHex(groupOrder)).FillBytes(make([]byte, 32))
	slices.Reverse(scalar)
	return scalar
}
