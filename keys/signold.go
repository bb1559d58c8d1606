package keys

import (
	//lint:ignore SA1019 identities of old are kept in use
	"crypto/dsa"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
)

func signECDSA(t SignatureType, private, message []byte) ([]byte, error) {
	var curve elliptic.Curve
	var hash []byte
	switch t {
	case P256:
		h := sha256.Sum256(message)
		curve, hash = elliptic.P256(), h[:]
	case P384:
		h := sha512.Sum384(message)
		curve, hash = elliptic.P384(), h[:]
	case P521:
		h := sha512.Sum512(message)
		curve, hash = elliptic.P521(), h[:]
	default:
		return nil, fmt.Errorf("%w: signature type %v", ErrUnsupported, t)
	}
	key, err := ecdsa.ParseRawPrivateKey(curve, private)
	if err != nil {
		return nil, fmt.Errorf("%w: not a key of the curve", ErrMalformed)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, hash)
	if err != nil {
		return nil, err
	}
	return join(r, s, t.SignatureLen()), nil
}

func signDSA(private, message []byte) ([]byte, error) {
	key := dsa.PrivateKey{X: new(big.Int).SetBytes(private)}
	key.P, key.Q, key.G = fromHex(dsaP), fromHex(dsaQ), fromHex(dsaG)
	h := sha1.Sum(message)
	r, s, err := dsa.Sign(rand.Reader, &key, h[:])
	if err != nil {
		return nil, err
	}
	return join(r, s, DSASHA1.SignatureLen()), nil
}

// join lays out a signature of two numbers.
func join(r, s *big.Int, length int) []byte {
	b := make([]byte, length)
	r.FillBytes(b[:length/2])
	s.FillBytes(b[length/2:])
	return b
}
