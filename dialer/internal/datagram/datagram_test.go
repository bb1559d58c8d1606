package datagram_test

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/keys"
)

var kinds = []datagram.Kind{datagram.Raw, datagram.Datagram1, datagram.Datagram2, datagram.Datagram3}

var self, now = [32]byte{1, 2, 3}, time.Now()

func vectors(t testing.TB) map[string][]byte {
	f, err := os.Open("testdata/vectors.txt")
	require.NoError(t, err)
	defer f.Close()
	all := make(map[string][]byte)
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, text, ok := strings.Cut(s.Text(), " "); ok && name != "#" {
			all[name], err = hex.DecodeString(text)
			require.NoError(t, err, name)
		}
	}
	require.Len(t, all, 3)
	return all
}

func vectorIdentity(t testing.TB) keys.Identity {
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i)
	}
	b := append(vectors(t)["destination"], make([]byte, 256)...)
	id, err := keys.IdentityFromBytes(append(b, ed25519.NewKeyFromSeed(seed).Seed()...))
	require.NoError(t, err)
	return id
}

func TestVectors(t *testing.T) {
	v := vectors(t)
	id := vectorIdentity(t)
	to := id.Destination().Hash()
	for kind, name := range map[datagram.Kind]string{datagram.Datagram1: "datagram1", datagram.Datagram2: "datagram2"} {
		b, err := datagram.Append(nil, kind, id, to, []byte("hi"))
		require.NoError(t, err)
		assert.Equal(t, v[name], b, name)
		d, err := datagram.Parse(kind, to, v[name], now)
		require.NoError(t, err)
		assert.Equal(t, datagram.Datagram{From: id.Destination(), FromHash: to, Data: []byte("hi")}, d)
	}
}

// signers returns who can sign, by kinds of keys.
func signers(t testing.TB) map[string]keys.Signer {
	id := vectorIdentity(t)
	red, err := keys.GenerateRedDSA()
	require.NoError(t, err)
	tr, err := keys.NewTransient(id, now.Add(time.Hour))
	require.NoError(t, err)
	dsa := append(vectors(t)["destination"][:384], 0, 0, 0) // NULL certificate
	clear(dsa[256:384])
	copy(dsa[256:384], dsaKey(t))
	private := append(dsa, make([]byte, 256+19)...)
	old, err := keys.IdentityFromBytes(append(private, 2))
	require.NoError(t, err)
	return map[string]keys.Signer{"Ed25519": id, "RedDSA": red, "offline": tr, "DSA": old}
}

// dsaKey returns the square of the group's generator, the public key of the private key 2.
func dsaKey(t testing.TB) []byte {
	b, err := hex.DecodeString(dsaSquare)
	require.NoError(t, err)
	return b
}

const dsaSquare = "6f2371d87990f0c3b1233bbdc2207b205d4558ed7d11a1ce4b2d7b60d75057e54c72e472fd70a4d673cb3f25c3976fadd19f1ca9d6763c224d68039a9cc18cb4" +
	"54c45d0ad713c2f68f9f9333827a6b687beb004653855bdd128d5c36394b1ef31dbcc93e591ab589a64426891aed888f6f1eef15cbd0dc68d2c4202021f9788d"

func TestRoundTrip(t *testing.T) {
	for name, from := range signers(t) {
		for _, kind := range kinds {
			for _, data := range [][]byte{{}, []byte("data"), make([]byte, 30000)} {
				b, err := datagram.Append([]byte("before"), kind, from, self, data)
				if name == "offline" && kind == datagram.Datagram1 {
					require.ErrorIs(t, err, errors.ErrUnsupported)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, "before", string(b[:6]))
				assert.Len(t, b[6:], len(data)+datagram.Overhead(kind, from), "%s, %v", name, kind)
				d, err := datagram.Parse(kind, self, b[6:], now)
				require.NoError(t, err, "%s, %v", name, kind)
				assert.True(t, bytes.Equal(data, d.Data))
				assert.False(t, d.Unbound)
				switch kind {
				case datagram.Raw:
					assert.Zero(t, d.FromHash)
				case datagram.Datagram3:
					assert.Zero(t, d.From, "nobody has signed")
					assert.Equal(t, from.Destination().Hash(), d.FromHash)
				default:
					assert.Equal(t, from.Destination(), d.From)
					assert.Equal(t, from.Destination().Hash(), d.FromHash)
				}
			}
		}
	}
}

func TestForgeries(t *testing.T) {
	for name, from := range signers(t) {
		for _, kind := range []datagram.Kind{datagram.Datagram1, datagram.Datagram2} {
			b, err := datagram.Append(nil, kind, from, self, []byte("data"))
			if err != nil {
				continue // tested above
			}
			for i := range b {
				_, err := datagram.Parse(kind, self, b[:i], now)
				require.Error(t, err, "%s, %v: prefix of %d bytes", name, kind, i)
				if name == "DSA" && i%16 != 0 {
					continue // slow
				}
				b[i] ^= 2
				d, err := datagram.Parse(kind, self, b, now)
				if err == nil { // no signature covers the destination itself: one that differs in its padding is another one
					require.Less(t, i, from.Destination().Len())
					require.NotEqual(t, from.Destination(), d.From)
				}
				b[i] ^= 2
			}
		}
		b, err := datagram.Append(nil, datagram.Datagram2, from, [32]byte{9}, []byte("data"))
		require.NoError(t, err)
		_, err = datagram.Parse(datagram.Datagram2, self, b, now)
		assert.ErrorIs(t, err, datagram.ErrSignature, "%s: sent to somebody else", name)
		if name == "offline" {
			_, err = datagram.Parse(datagram.Datagram2, [32]byte{9}, b, now.Add(2*time.Hour))
			assert.ErrorIs(t, err, datagram.ErrSignature, "the key has expired")
		}
	}
}

// i2pd 2.59 signs over its own hash.
func TestUnbound(t *testing.T) {
	id := vectorIdentity(t)
	b, err := datagram.Append(nil, datagram.Datagram2, id, id.Destination().Hash(), []byte("data"))
	require.NoError(t, err)
	d, err := datagram.Parse(datagram.Datagram2, self, b, now)
	require.NoError(t, err)
	assert.True(t, d.Unbound)
	assert.Equal(t, id.Destination(), d.From)
}

func TestFlags(t *testing.T) {
	hash := bytes.Repeat([]byte{7}, 32)
	tests := []struct {
		name, rest, data string
		ok               bool
	}{
		{"plain", "\x00\x03data", "data", true},
		{"empty", "\x00\x03", "", true},
		{"options", "\x00\x13\x00\x06\x01k=\x01v;data", "data", true},
		{"empty options", "\x00\x13\x00\x00data", "data", true},
		{"options cut short", "\x00\x13\x00\x09\x01k=\x01v;", "", false},
		{"options without their size", "\x00\x13\x00", "", false},
		{"version of datagram2", "\x00\x02data", "", false},
		{"offline", "\x00\x23data", "", false},
		{"unknown flag", "\x01\x03data", "", false},
		{"flags cut short", "\x00", "", false},
	}
	for _, tt := range tests {
		d, err := datagram.Parse(datagram.Datagram3, self, append(bytes.Clone(hash), tt.rest...), now)
		if !tt.ok {
			assert.ErrorIs(t, err, datagram.ErrMalformed, tt.name)
			continue
		}
		require.NoError(t, err, tt.name)
		assert.Equal(t, tt.data, string(d.Data), tt.name)
		assert.Equal(t, hash, d.FromHash[:])
	}
	_, err := datagram.Parse(99, self, nil, now)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = datagram.Append(nil, 99, vectorIdentity(t), self, nil)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, "kind 99", datagram.Kind(99).String())
}

type locked struct{ keys.Identity }

func (locked) Sign([]byte) ([]byte, error) { return nil, errors.New("agent is locked") }

func TestSignerFails(t *testing.T) {
	for _, kind := range []datagram.Kind{datagram.Datagram1, datagram.Datagram2} {
		b, err := datagram.Append([]byte("kept"), kind, locked{vectorIdentity(t)}, self, []byte("data"))
		assert.ErrorContains(t, err, "agent is locked")
		assert.Equal(t, "kept", string(b))
	}
}

func FuzzParse(f *testing.F) {
	for _, kind := range kinds {
		b, err := datagram.Append(nil, kind, vectorIdentity(f), self, []byte("data"))
		require.NoError(f, err)
		f.Add(byte(kind), b)
	}
	f.Add(byte(datagram.Datagram3), append(make([]byte, 32), "\x00\x13\x00\x06\x01k=\x01v;data"...))
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		d, err := datagram.Parse(datagram.Kind(kind), self, b, now)
		if err != nil {
			require.Zero(t, d.From)
			return
		}
		require.LessOrEqual(t, len(d.Data), len(b))
		require.Equal(t, d.From.IsZero(), datagram.Kind(kind) == datagram.Raw || datagram.Kind(kind) == datagram.Datagram3)
	})
}
