package keys_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

var i2pBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~")

// vectorBytes is a fresh copy of the binary vector A: 391 bytes of
// destination, 256 of crypto filler, the seed from 647 on.
func vectorBytes(t testing.TB) []byte {
	b, err := i2pBase64.DecodeString(vectorKey)
	require.NoError(t, err)
	return b
}

func TestIdentityVector(t *testing.T) {
	raw := vectorBytes(t)
	sum := sha256.Sum256(raw)
	require.Equal(t, vectorSHA, hex.EncodeToString(sum[:]), "the vector itself")

	id, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	assert.Equal(t, vectorKey, id.Reveal())
	assert.Equal(t, vectorDest, id.Destination().Base64())

	again, err := keys.IdentityFromBytes(raw)
	require.NoError(t, err)
	raw[650] ^= 1
	assert.Equal(t, vectorKey, again.Reveal(), "bytes given in must be copied")
}

func TestGenerate(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	d := id.Destination()
	assert.Len(t, d.Base64(), 524)
	assert.Len(t, id.Reveal(), 908)
	assert.Equal(t, keys.Ed25519, d.SignatureType())
	assert.Equal(t, keys.ElGamal, d.CryptoType())
	assert.Equal(t, bytes.Repeat(d.Bytes()[:32], 11), d.Bytes()[:352], "compressible padding")

	other, err := keys.Generate()
	require.NoError(t, err)
	assert.NotEqual(t, d, other.Destination())
	assert.NotEqual(t, d.Bytes()[:32], other.Destination().Bytes()[:32])

	again, err := keys.ParseIdentity(id.Reveal())
	require.NoError(t, err)
	assert.Equal(t, d, again.Destination())
}

// identityBytes lays out an identity with the given keys, the public one at the
// right of its field and what does not fit in the certificate.
func identityBytes(sig, crypto byte, public, private []byte) []byte {
	return identityWith(sig, crypto, public, make([]byte, cryptoLens[crypto][0]), private)
}

// cryptoPrivate has no byte of 0, so that it is not taken for an empty signing key.
func cryptoPrivate(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i%255 + 1)
	}
	return b
}

// identityWith is identityBytes with a crypto private key.
func identityWith(sig, crypto byte, public, cryptoKey, private []byte) []byte {
	inField := min(len(public), 128)
	b := field()
	copy(b[384-inField:], public[:inField])
	excess := public[inField:]
	b = append(b, 5, 0, byte(4+len(excess)), 0, sig, 0, crypto)
	b = append(b, excess...)
	return slices.Concat(b, cryptoKey, private)
}

// pair makes the signing keys of each type that can be checked.
func pair(t testing.TB, sig byte) (public, private []byte) {
	curves := map[byte]ecdh.Curve{1: ecdh.P256(), 2: ecdh.P384(), 3: ecdh.P521()}
	switch sig {
	case 0:
		// 2 as the private key: the public one is the square of the generator.
		p, _, g := keys.DSAGroup()
		private = make([]byte, 20)
		private[19] = 2
		y := new(big.Int).Mul(g, g)
		return y.Mod(y, p).FillBytes(make([]byte, 128)), private
	case 7:
		raw := vectorBytes(t)
		return raw[352:384], raw[647:]
	case 11:
		wide := append(bytes.Repeat([]byte{6}, 32), make([]byte, 32)...)
		scalar, err := edwards25519.NewScalar().SetUniformBytes(wide)
		require.NoError(t, err)
		return edwards25519.NewIdentityPoint().ScalarBaseMult(scalar).Bytes(), wide[:32]
	}
	size := map[byte]int{1: 32, 2: 48, 3: 66}[sig]
	private = make([]byte, size)
	private[size-1] = 77
	key, err := curves[sig].NewPrivateKey(private)
	require.NoError(t, err)
	return key.PublicKey().Bytes()[1:], private
}

// One wrong digit in the constants would break at least one of these.
func TestDSAGroup(t *testing.T) {
	p, q, g := keys.DSAGroup()
	one := big.NewInt(1)
	assert.Equal(t, []int{1024, 160}, []int{p.BitLen(), q.BitLen()})
	assert.True(t, p.ProbablyPrime(32))
	assert.True(t, q.ProbablyPrime(32))
	rest := new(big.Int).Sub(p, one)
	assert.Zero(t, rest.Mod(rest, q).Sign(), "q divides p-1")
	assert.NotZero(t, g.Cmp(one))
	assert.Zero(t, new(big.Int).Exp(g, q, p).Cmp(one), "g has order q")
}

// cryptoLens are the sizes in which the crypto private key of each type is found, with the i2pd that writes
// them; the first is ours.
var cryptoLens = map[byte][]int{
	0: {256},                                 // every i2pd, Java I2P
	1: {256},                                 // every i2pd
	4: {32, 256},                             // since 2.35, and before
	5: {32, 256}, 6: {32, 256}, 7: {32, 256}, // since 2.57, and before
}

func TestIdentityKinds(t *testing.T) {
	for _, sig := range []byte{0, 1, 2, 3, 7, 11} {
		for crypto, lens := range cryptoLens {
			for _, l := range lens {
				t.Run(fmt.Sprintf("%v/%d of %d bytes", keys.SignatureType(sig), crypto, l), func(t *testing.T) {
					public, private := pair(t, sig)
					raw := identityWith(sig, crypto, public, cryptoPrivate(l), private)
					id, err := keys.IdentityFromBytes(raw)
					require.NoError(t, err)
					d := id.Destination()
					assert.Equal(t, keys.SignatureType(sig), d.SignatureType())
					assert.Equal(t, keys.CryptoType(crypto), d.CryptoType())
					assert.Equal(t, public, d.SigningKey())
					ours := identityWith(sig, crypto, public, cryptoPrivate(lens[0]), private)
					assert.Equal(t, i2pBase64.EncodeToString(ours), id.Reveal())
					for _, f := range []keys.Format{keys.FormatSAM, keys.FormatBinary, keys.FormatI2PKeys} {
						b, err := keys.Export(id, f)
						require.NoError(t, err)
						again, _, err := keys.Import(bytes.NewReader(b))
						require.NoError(t, err)
						assert.Equal(t, id.Reveal(), again.Reveal(), "%s", f)
					}
					checkRevealSAM(t, id, private)
					checkExact(t, raw)
				})
			}
		}
	}
}

// checkRevealSAM reads the text as routers do, which take the keys from where they know them and pass over the rest.
func checkRevealSAM(t *testing.T, id keys.Identity, private []byte) {
	d := id.Destination()
	b := decode(t, id.RevealSAM())
	for _, l := range cryptoLens[byte(d.CryptoType())] {
		at := len(d.Bytes()) + l
		assert.Equal(t, private, b[at:at+len(private)], "a router that takes the crypto key for %d bytes", l)
	}
	again, err := keys.ParseIdentity(id.RevealSAM())
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), again.Reveal())
	if len(cryptoLens[byte(d.CryptoType())]) == 1 {
		assert.Equal(t, id.Reveal(), id.RevealSAM())
	}
}

// checkExact: no byte more, none less, and no other private key.
func checkExact(t *testing.T, raw []byte) {
	for cut := range raw {
		_, err := keys.IdentityFromBytes(raw[:cut])
		require.Error(t, err, "prefix of %d bytes", cut)
	}
	_, err := keys.IdentityFromBytes(append(bytes.Clone(raw), 0))
	require.ErrorIs(t, err, keys.ErrMalformed, "trailing byte")
	wrong := bytes.Clone(raw)
	wrong[len(wrong)-1] ^= 4
	_, err = keys.IdentityFromBytes(wrong)
	require.ErrorIs(t, err, keys.ErrMalformed, "another private key")
}

func TestIdentityRefuses(t *testing.T) {
	raw := vectorBytes(t)
	edit := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(raw)) }
	outOfRange := bytes.Repeat([]byte{0xff}, 66)
	tests := []struct {
		name  string
		bytes []byte
		want  error
	}{
		{"public part only", raw[:391], keys.ErrMalformed},
		{"Go's 64-byte private key", append(bytes.Clone(raw), raw[352:384]...), keys.ErrMalformed},
		{"two trailing bytes", append(bytes.Clone(raw), 0, 0), keys.ErrMalformed},
		{"one byte short", raw[:678], keys.ErrMalformed},
		{"crypto private of 32 bytes", append(bytes.Clone(raw[:391+32]), raw[647:]...), keys.ErrMalformed},
		{"type X25519 with 64 bytes", append(edit(func(b []byte) []byte { b[390] = 4; return b[:391+64] }), raw[647:]...), keys.ErrMalformed},
		{"GOST", edit(func(b []byte) []byte { b[388] = 9; return b }), keys.ErrUnsupported},
		{"crypto type 2, which nobody uses", edit(func(b []byte) []byte { b[390] = 2; return b }), keys.ErrUnsupported},
		{"ML-DSA-44", append(withCert(5, 0, 4, 0, 12, 0, 4), make([]byte, 32+2560)...), keys.ErrUnsupported},
		{"public key of another seed", edit(func(b []byte) []byte { b[383] ^= 1; return b }), keys.ErrMalformed},
		{"no signing key behind a crypto key of 32 bytes", append(withCert(5, 0, 4, 0, 7, 0, 4), make([]byte, 64)...), keys.ErrUnsupported},
		{"offline-signed behind a crypto key of 32 bytes", append(withCert(5, 0, 4, 0, 7, 0, 4), make([]byte, 64+134)...), keys.ErrOffline},
		{"no signing key", edit(func(b []byte) []byte { clear(b[647:]); return b }), keys.ErrUnsupported},
		{"offline-signed", offlineBytes(t), keys.ErrOffline},
		{"crypto type 255, which kills i2pd", edit(func(b []byte) []byte { b[390] = 255; return b }), keys.ErrUnsupported},
		{"P-256 out of range", identityBytes(1, 0, make([]byte, 64), outOfRange[:32]), keys.ErrMalformed},
		{"P-521 out of range", identityBytes(3, 0, make([]byte, 132), outOfRange), keys.ErrMalformed},
		{"DSA out of range", identityBytes(0, 0, make([]byte, 128), outOfRange[:20]), keys.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := keys.IdentityFromBytes(tt.bytes)
			assert.ErrorIs(t, err, tt.want)
			assert.True(t, id.IsZero())
			_, err = keys.ParseIdentity(i2pBase64.EncodeToString(tt.bytes))
			assert.ErrorIs(t, err, tt.want)
		})
	}
	for name, text := range badTexts(vectorKey) {
		t.Run("text/"+name, func(t *testing.T) {
			_, err := keys.ParseIdentity(text)
			assert.ErrorIs(t, err, keys.ErrMalformed)
		})
	}
}

// offlineBytes is vector A with its signing key taken offline, 813 bytes:
// expiry, type, transient key, signature over these three, transient seed.
func offlineBytes(t testing.TB) []byte {
	raw := vectorBytes(t)
	long := ed25519.NewKeyFromSeed(raw[647:])
	transient := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))
	block := append([]byte{0x7f, 0, 0, 0, 0, 7}, transient[32:]...)
	block = append(block, ed25519.Sign(long, block)...)
	clear(raw[647:])
	raw = append(append(raw, block...), transient.Seed()...)
	require.Len(t, raw, 813)
	return raw
}

func FuzzParseIdentity(f *testing.F) {
	f.Add(vectorKey)
	f.Add(vectorDest)
	for _, sig := range []byte{0, 1, 2, 3, 7, 11} {
		public, private := pair(f, sig)
		f.Add(i2pBase64.EncodeToString(identityBytes(sig, 0, public, private)))
		f.Add(i2pBase64.EncodeToString(identityBytes(sig, 4, public, private)))
		f.Add(i2pBase64.EncodeToString(identityWith(sig, 5, public, cryptoPrivate(256), private)))
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := keys.ParseIdentity(s)
		if err != nil {
			require.True(t, id.IsZero())
			return
		}
		again, err := keys.ParseIdentity(id.Reveal())
		require.NoError(t, err)
		require.Equal(t, id.Reveal(), again.Reveal())
		if len(s) == len(id.Reveal()) {
			require.Equal(t, s, id.Reveal(), "one text for each length")
		}
		_, err = keys.DestinationFromBytes(id.Destination().Bytes())
		require.NoError(t, err)
	})
}
