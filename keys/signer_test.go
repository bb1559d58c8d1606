package keys_test

import (
	"crypto/sha512"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// signers returns an identity of each signature type that a destination may have.
func signers(t testing.TB) map[keys.SignatureType]keys.Identity {
	all := make(map[keys.SignatureType]keys.Identity)
	for _, sig := range []byte{0, 1, 2, 3} {
		public, private := pair(t, sig)
		id, err := keys.IdentityFromBytes(identityBytes(sig, 0, public, private))
		require.NoError(t, err)
		all[keys.SignatureType(sig)] = id
	}
	var err error
	all[keys.Ed25519], err = keys.Generate()
	require.NoError(t, err)
	all[keys.RedDSA], err = keys.GenerateRedDSA()
	require.NoError(t, err)
	return all
}

func TestIdentitySigns(t *testing.T) {
	for kind, id := range signers(t) {
		t.Run(kind.String(), func(t *testing.T) {
			var signer keys.Signer = id
			d := signer.Destination()
			sig, err := signer.Sign([]byte("message"))
			require.NoError(t, err)
			assert.Len(t, sig, kind.SignatureLen())
			assert.True(t, d.Verify([]byte("message"), sig))
			assert.False(t, d.Verify([]byte("massage"), sig), "another message")
			for i := range sig {
				sig[i] ^= 0x10
				assert.False(t, d.Verify([]byte("message"), sig), "byte %d changed", i)
				sig[i] ^= 0x10
			}
			assert.False(t, d.Verify([]byte("message"), sig[:len(sig)-1]), "cut short")
			assert.False(t, d.Verify([]byte("message"), append(sig, 0)), "with a byte behind")
			assert.False(t, d.Verify([]byte("message"), make([]byte, len(sig))), "zeros")
		})
	}
	_, err := keys.Identity{}.Sign(nil)
	assert.Error(t, err)
	assert.False(t, keys.Destination{}.Verify(nil, nil))
}

func TestSignBlinded(t *testing.T) {
	h := sha512.Sum512([]byte("alpha"))
	alpha, err := edwards25519.NewScalar().SetUniformBytes(h[:])
	require.NoError(t, err)
	for kind, id := range signers(t) {
		sig, err := id.SignBlinded([32]byte(alpha.Bytes()), []byte("message"))
		if kind != keys.Ed25519 && kind != keys.RedDSA {
			assert.ErrorIs(t, err, keys.ErrUnsupported, kind)
			continue
		}
		require.NoError(t, err)
		public, err := edwards25519.NewIdentityPoint().SetBytes(id.Destination().SigningKey())
		require.NoError(t, err)
		blinded := public.Add(public, edwards25519.NewIdentityPoint().ScalarBaseMult(alpha)).Bytes()
		assert.True(t, keys.RedDSA.Verify(blinded, []byte("message"), sig), "%v: by the blinded key", kind)
		assert.False(t, id.Destination().Verify([]byte("message"), sig), "%v: by the plain key", kind)
	}
	id, err := keys.Generate()
	require.NoError(t, err)
	_, err = id.SignBlinded([32]byte{31: 0xff}, nil)
	assert.ErrorIs(t, err, keys.ErrMalformed, "no scalar")
	_, err = keys.Identity{}.SignBlinded([32]byte{}, nil)
	assert.Error(t, err)
}

func TestCutDestination(t *testing.T) {
	for kind, id := range signers(t) {
		d := id.Destination()
		b, err := d.AppendBinary([]byte("head"))
		require.NoError(t, err)
		assert.Equal(t, append([]byte("head"), d.Bytes()...), b, kind)
		assert.Equal(t, len(d.Bytes()), d.Len(), kind)
		got, rest, err := keys.CutDestination(append(b[4:], "tail"...))
		require.NoError(t, err)
		assert.Equal(t, d, got, kind)
		assert.Equal(t, "tail", string(rest), kind)
		for cut := range d.Len() {
			_, _, err := keys.CutDestination(b[4 : 4+cut])
			require.ErrorIs(t, err, keys.ErrMalformed, "%v: prefix of %d bytes", kind, cut)
		}
	}
}
