package keys_test

import (
	"crypto"
	//lint:ignore SA1019 old destinations are verified
	"crypto/dsa"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"testing"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signed is a key of a type with a signature of "message" that the standard library made.
func signed(t *testing.T, typ keys.SignatureType) (key, signature []byte) {
	message := []byte("message")
	curve := func(c elliptic.Curve, hash []byte) ([]byte, []byte) {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		require.NoError(t, err)
		r, s, err := ecdsa.Sign(rand.Reader, k, hash)
		require.NoError(t, err)
		pub, err := k.PublicKey.Bytes()
		require.NoError(t, err)
		n := (c.Params().BitSize + 7) / 8
		return pub[1:], append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...)
	}
	switch typ {
	case keys.P256:
		h := sha256.Sum256(message)
		return curve(elliptic.P256(), h[:])
	case keys.P384:
		h := sha512.Sum384(message)
		return curve(elliptic.P384(), h[:])
	case keys.P521:
		h := sha512.Sum512(message)
		return curve(elliptic.P521(), h[:])
	case keys.DSASHA1:
		return signedDSA(t, message)
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signature, err = priv.Sign(nil, message, crypto.Hash(0))
	require.NoError(t, err)
	return pub, signature
}

func signedDSA(t *testing.T, message []byte) (key, signature []byte) {
	p, q, g := keys.DSAGroup()
	k := dsa.PrivateKey{PublicKey: dsa.PublicKey{Parameters: dsa.Parameters{P: p, Q: q, G: g}}}
	require.NoError(t, dsa.GenerateKey(&k, rand.Reader))
	h := sha1.Sum(message)
	r, s, err := dsa.Sign(rand.Reader, &k, h[:])
	require.NoError(t, err)
	return k.Y.FillBytes(make([]byte, 128)), append(r.FillBytes(make([]byte, 20)), s.FillBytes(make([]byte, 20))...)
}

func TestVerify(t *testing.T) {
	for _, typ := range []keys.SignatureType{keys.DSASHA1, keys.P256, keys.P384, keys.P521, keys.Ed25519, keys.RedDSA} {
		t.Run(typ.String(), func(t *testing.T) {
			key, signature := signed(t, typ)
			require.Len(t, signature, typ.SignatureLen())
			assert.True(t, typ.Verify(key, []byte("message"), signature))
			assert.False(t, typ.Verify(key, []byte("massage"), signature))
			assert.False(t, typ.Verify(key[1:], []byte("message"), signature))
			assert.False(t, typ.Verify(key, []byte("message"), signature[1:]))
			assert.False(t, typ.Verify(make([]byte, len(key)), []byte("message"), signature))
			signature[len(signature)-1] ^= 1
			assert.False(t, typ.Verify(key, []byte("message"), signature))
		})
	}
	assert.False(t, keys.SignatureType(4).Verify(nil, nil, nil))
	assert.Zero(t, keys.SignatureType(4).SignatureLen())
}

func TestDestinationVerifies(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	b := id.Destination().Bytes()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	copy(b[352:], pub)
	dest, err := keys.DestinationFromBytes(b)
	require.NoError(t, err)
	assert.True(t, dest.Verify([]byte("message"), ed25519.Sign(priv, []byte("message"))))
	assert.False(t, id.Destination().Verify([]byte("message"), ed25519.Sign(priv, []byte("message"))))
	assert.False(t, keys.Destination{}.Verify(nil, nil))
}
