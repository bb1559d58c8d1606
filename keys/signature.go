package keys

import (
	//lint:ignore SA1019 old destinations are verified, nothing is signed
	"crypto/dsa"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// SignatureLen returns the length in bytes of a signature of the type, 64 for
// [Ed25519]; zero means that the type is not known here.
func (t SignatureType) SignatureLen() int {
	switch t {
	case DSASHA1:
		return 40
	case P256, Ed25519, RedDSA:
		return 64
	case P384:
		return 96
	case P521:
		return 132
	}
	return 0
}

// Verify reports whether signature is one of message by the owner of d: I2P
// common structures, "Signature". It is false for the zero Destination.
func (d Destination) Verify(message, signature []byte) bool {
	return !d.IsZero() && d.SignatureType().Verify(d.SigningKey(), message, signature)
}

// Verify reports whether signature is a valid signature of message by the public signing key, which has the form of
// [Destination.SigningKey]. It is false for a wrong length and for unknown types. It is meant for keys that are not
// part of a destination, such as the transient keys of offline signatures.
func (t SignatureType) Verify(key, message, signature []byte) bool {
	if len(key) != t.publicLen() || len(signature) != t.SignatureLen() {
		return false
	}
	switch t {
	case DSASHA1:
		return verifyDSA(key, message, signature)
	case P256:
		h := sha256.Sum256(message)
		return verifyECDSA(elliptic.P256(), key, h[:], signature)
	case P384:
		h := sha512.Sum384(message)
		return verifyECDSA(elliptic.P384(), key, h[:], signature)
	case P521:
		h := sha512.Sum512(message)
		return verifyECDSA(elliptic.P521(), key, h[:], signature)
	case Ed25519, RedDSA: // RedDSA differs in how it is signed only
		return ed25519.Verify(key, message, signature)
	}
	return false
}

// verifyECDSA takes a key of X and Y, and a signature of R and S, of equal lengths.
func verifyECDSA(c elliptic.Curve, key, hash, signature []byte) bool {
	pub, err := ecdsa.ParseUncompressedPublicKey(c, append([]byte{4}, key...))
	if err != nil {
		return false
	}
	r, s := halves(signature)
	return ecdsa.Verify(pub, hash, r, s)
}

func verifyDSA(key, message, signature []byte) bool {
	pub := dsa.PublicKey{
		Parameters: dsa.Parameters{P: fromHex(dsaP), Q: fromHex(dsaQ), G: fromHex(dsaG)},
		Y:          new(big.Int).SetBytes(key),
	}
	h := sha1.Sum(message)
	r, s := halves(signature)
	return dsa.Verify(&pub, h[:], r, s)
}

func halves(b []byte) (r, s *big.Int) {
	n := len(b) / 2
	return new(big.Int).SetBytes(b[:n]), new(big.Int).SetBytes(b[n:])
}
