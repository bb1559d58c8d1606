package keys_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// field is 384 bytes, all different enough to notice a wrong offset.
func field() []byte {
	b := make([]byte, 384)
	for i := range b {
		b[i] = byte(i*7 + i/256 + 1)
	}
	return b
}

// withCert puts a certificate after the key fields.
func withCert(cert ...byte) []byte { return append(field(), cert...) }

func TestDestinationVector(t *testing.T) {
	d, err := keys.ParseDestination(vectorDest)
	require.NoError(t, err)
	assert.Equal(t, vectorName, d.Base32())
	assert.Equal(t, vectorName, d.String())
	assert.Equal(t, vectorDest, d.Base64())
	assert.Len(t, d.Bytes(), 391)
	assert.Equal(t, keys.Ed25519, d.SignatureType())
	assert.Equal(t, keys.ElGamal, d.CryptoType())
	assert.Equal(t, "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", hex.EncodeToString(d.SigningKey()))
	h := d.Hash()
	assert.Equal(t, "0833d2b5057cc796d660acd9d555e8dacedef1f7395f6aa0b69aefdf709afeb1", hex.EncodeToString(h[:]))
}

func TestDestinationIsAValue(t *testing.T) {
	a, err := keys.ParseDestination(vectorDest)
	require.NoError(t, err)
	raw := a.Bytes()
	b, err := keys.DestinationFromBytes(raw)
	require.NoError(t, err)
	raw[0] ^= 1
	b.Bytes()[0] ^= 1
	b.SigningKey()[0] ^= 1
	assert.True(t, a == b, "bytes given in or out must be copies")

	other, err := keys.DestinationFromBytes(raw)
	require.NoError(t, err)
	assert.False(t, a == other)
}

func TestZeroDestination(t *testing.T) {
	var d keys.Destination
	assert.True(t, d.IsZero())
	assert.Empty(t, d.String())
	assert.Empty(t, d.Base64())
	assert.Nil(t, d.Bytes())
	assert.Nil(t, d.SigningKey())
	assert.Zero(t, d.Hash(), "must not be the hash of nothing")
}

func TestDestinationKinds(t *testing.T) {
	f := field()
	tests := []struct {
		name   string
		bytes  []byte
		sig    keys.SignatureType
		crypto keys.CryptoType
		key    []byte
	}{
		{"DSA, NULL certificate", withCert(0, 0, 0), keys.DSASHA1, keys.ElGamal, f[256:384]},
		{"DSA, KEY certificate", withCert(5, 0, 4, 0, 0, 0, 0), keys.DSASHA1, keys.ElGamal, f[256:384]},
		{"P-256", withCert(5, 0, 4, 0, 1, 0, 0), keys.P256, keys.ElGamal, f[320:384]},
		{"P-384", withCert(5, 0, 4, 0, 2, 0, 0), keys.P384, keys.ElGamal, f[288:384]},
		{"P-521", withCert(5, 0, 8, 0, 3, 0, 0, 9, 8, 7, 6), keys.P521, keys.ElGamal, append(bytes.Clone(f[256:384]), 9, 8, 7, 6)},
		{"Ed25519", withCert(5, 0, 4, 0, 7, 0, 0), keys.Ed25519, keys.ElGamal, f[352:384]},
		{"Ed25519, X25519", withCert(5, 0, 4, 0, 7, 0, 4), keys.Ed25519, keys.X25519, f[352:384]},
		{"RedDSA", withCert(5, 0, 4, 0, 11, 0, 0), keys.RedDSA, keys.ElGamal, f[352:384]},
		{"Ed25519, crypto key with an excess", withCert(5, 0, 6, 0, 7, 1, 0, 1, 2), keys.Ed25519, 256, f[352:384]},
		{"P-521, crypto key with an excess", withCert(5, 0, 9, 0, 3, 1, 0, 9, 8, 7, 6, 5), keys.P521, 256, append(bytes.Clone(f[256:384]), 9, 8, 7, 6)},
		{"RSA", withCert(5, 0, 4, 0, 4, 0, 0), 4, keys.ElGamal, nil},
		{"Ed25519ph", withCert(5, 0, 4, 0, 8, 0, 0), 8, keys.ElGamal, nil},
		{"GOST", withCert(5, 0, 4, 0, 9, 0, 0), 9, keys.ElGamal, nil},
		{"GOST of 512 bits", withCert(5, 0, 4, 0, 10, 0, 0), 10, keys.ElGamal, nil},
		{"ML-DSA-44", withCert(append([]byte{5, 4, 164, 0, 12, 0, 4}, make([]byte, 1184)...)...), 12, keys.X25519, nil},
		{"ML-DSA-87", withCert(append([]byte{5, 9, 164, 0, 14, 0, 4}, make([]byte, 2464)...)...), 14, keys.X25519, nil},
		{"types swapped", withCert(5, 0, 4, 0, 0, 0, 7), keys.DSASHA1, keys.MLKEM1024X25519, f[256:384]},
		{"crypto type 255", withCert(5, 0, 4, 0, 7, 0, 255), keys.Ed25519, 255, f[352:384]},
		{"both types of later", withCert(5, 0, 4, 255, 255, 255, 255), 65535, 65535, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := keys.DestinationFromBytes(tt.bytes)
			require.NoError(t, err)
			assert.Equal(t, tt.sig, d.SignatureType())
			assert.Equal(t, tt.crypto, d.CryptoType())
			assert.Equal(t, tt.key, d.SigningKey())
			again, err := keys.ParseDestination(d.Base64())
			require.NoError(t, err)
			assert.Equal(t, d, again)
		})
	}
}

func TestDestinationFromBytesRefuses(t *testing.T) {
	tests := []struct {
		name  string
		bytes []byte
		want  error
	}{
		{"nothing", nil, keys.ErrMalformed},
		{"no certificate", field(), keys.ErrMalformed},
		{"half a certificate header", withCert(0, 0), keys.ErrMalformed},
		{"NULL with payload", withCert(0, 0, 1, 0), keys.ErrMalformed},
		{"trailing byte after NULL", withCert(0, 0, 0, 0), keys.ErrMalformed},
		{"trailing byte after KEY", withCert(5, 0, 4, 0, 7, 0, 0, 0), keys.ErrMalformed},
		{"KEY cut short", withCert(5, 0, 4, 0, 7, 0), keys.ErrMalformed},
		{"KEY without types", withCert(5, 0, 3, 0, 7, 0), keys.ErrMalformed},
		{"excess data in KEY", withCert(5, 0, 5, 0, 7, 0, 0, 0), keys.ErrMalformed},
		{"P-521 without its excess", withCert(5, 0, 4, 0, 3, 0, 0), keys.ErrMalformed},
		{"longest length field", withCert(5, 255, 255, 0, 7, 0, 0), keys.ErrMalformed},
		{"hashcash certificate", withCert(1, 0, 0), keys.ErrUnsupported},
		{"hidden certificate", withCert(2, 0, 0), keys.ErrUnsupported},
		{"signed certificate", withCert(3, 0, 0), keys.ErrUnsupported},
		{"multiple certificate", withCert(4, 0, 0), keys.ErrUnsupported},
		{"excess data behind P-521", withCert(5, 0, 9, 0, 3, 0, 0, 9, 8, 7, 6, 5), keys.ErrMalformed},
		{"P-521 without its excess, of an unknown crypto type", withCert(5, 0, 4, 0, 3, 1, 0), keys.ErrMalformed},
		{"too long", withCert(append([]byte{5, 15, 0, 0, 99, 0, 0}, make([]byte, 15<<8-4)...)...), keys.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := keys.DestinationFromBytes(tt.bytes)
			assert.ErrorIs(t, err, tt.want)
			assert.True(t, d.IsZero())
		})
	}
}

// badTexts makes every kind of text that a lenient decoder would let pass.
func badTexts(good string) map[string]string {
	half := len(good) / 2
	unpadded := strings.TrimRight(good, "=")
	return map[string]string{
		"empty":              "",
		"no padding":         unpadded,
		"half the padding":   unpadded + "=",
		"too much padding":   good + "=",
		"padding inside":     good[:half] + "=" + good[half+1:],
		"CR LF inside":       good[:half] + "\r\n" + good[half:],
		"LF at the end":      good + "\n",
		"LF in front":        "\n" + good,
		"command injection":  good + "\nSESSION REMOVE",
		"space":              good[:half] + " " + good[half:],
		"NUL":                good[:half] + "\x00" + good[half+1:],
		"standard alphabet":  good[:half] + "+" + good[half+1:],
		"standard alphabet2": good[:half] + "/" + good[half+1:],
		"URL alphabet":       good[:half] + "_" + good[half+1:],
		"not ASCII":          good[:half] + "é" + good[half+2:],
		"one short":          good[1:],
		"twice":              good + good,
		"endless":            strings.Repeat("A", 1<<20),
	}
}

func TestParseDestinationRefuses(t *testing.T) {
	for name, text := range badTexts(vectorDest) {
		t.Run(name, func(t *testing.T) {
			_, err := keys.ParseDestination(text)
			assert.ErrorIs(t, err, keys.ErrMalformed)
		})
	}
	// The last character before "==" carries four spare bits: "A" is canonical.
	spare := strings.TrimSuffix(vectorDest, "A==") + "B=="
	require.NotEqual(t, vectorDest, spare)
	_, err := keys.ParseDestination(spare)
	assert.ErrorIs(t, err, keys.ErrMalformed, "spare bits")
}

func TestDestinationText(t *testing.T) {
	type config struct{ Peer, None keys.Destination }
	d, err := keys.ParseDestination(vectorDest)
	require.NoError(t, err)
	text, err := json.Marshal(config{Peer: d})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Peer":"`+vectorDest+`","None":""}`, string(text))

	back := config{None: d}
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, config{Peer: d}, back)

	assert.ErrorIs(t, json.Unmarshal([]byte(`{"Peer":"AAAA"}`), &back), keys.ErrMalformed)
	assert.Equal(t, d, back.Peer, "unchanged on error")
}

func TestSignatureTypeString(t *testing.T) {
	want := map[keys.SignatureType]string{
		0: "DSA_SHA1", 1: "ECDSA_SHA256_P256", 2: "ECDSA_SHA384_P384", 3: "ECDSA_SHA512_P521",
		7: "EdDSA_SHA512_Ed25519", 11: "RedDSA_SHA512_Ed25519", 8: "8", 65535: "65535",
	}
	for typ, name := range want {
		assert.Equal(t, name, typ.String())
	}
}

func FuzzParseDestination(f *testing.F) {
	f.Add(vectorDest)
	for _, text := range badTexts(vectorDest) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := keys.ParseDestination(s)
		if err != nil {
			require.True(t, d.IsZero())
			return
		}
		require.Equal(t, s, d.Base64(), "one text for each destination")
	})
}

func FuzzDestinationFromBytes(f *testing.F) {
	f.Add(withCert(0, 0, 0))
	f.Add(withCert(5, 0, 4, 0, 7, 0, 0))
	f.Add(withCert(5, 0, 8, 0, 3, 0, 4, 1, 2, 3, 4))
	f.Add(withCert(5, 255, 255, 0, 7, 0, 0))
	f.Add(withCert(5, 0, 6, 0, 9, 0, 4, 1, 2))
	f.Add(withCert(5, 0, 5, 0, 3, 1, 0, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := keys.DestinationFromBytes(b)
		if err != nil {
			require.True(t, d.IsZero())
			return
		}
		require.Equal(t, b, d.Bytes())
		d.SigningKey()
		require.Len(t, d.Base32(), 60)
		again, err := keys.ParseDestination(d.Base64())
		require.NoError(t, err)
		require.Equal(t, d, again)
	})
}
