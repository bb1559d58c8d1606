package i2cpwire

import (
	"bufio"
	"crypto/ed25519"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// vectors reads testdata/vectors.txt.
func vectors(t testing.TB) map[string][]byte {
	f, err := os.Open("testdata/vectors.txt")
	require.NoError(t, err)
	defer f.Close()
	all := make(map[string][]byte)
	for s := bufio.NewScanner(f); s.Scan(); {
		name, text, ok := strings.Cut(s.Text(), " ")
		if !ok || name == "#" {
			continue
		}
		all[name], err = hex.DecodeString(text)
		require.NoError(t, err, name)
	}
	require.Len(t, all, 8)
	return all
}

// vectorIdentity is the identity of the vectors.
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

var newYear = time.Unix(1767225600, 0)

func vectorLeaseSet() LeaseSet {
	return LeaseSet{
		Published: newYear, Expires: newYear.Add(600 * time.Second),
		Keys:   []EncryptionKey{{X25519, repeat(0xbb)}},
		Leases: []Lease{{[32]byte(repeat(0xaa)), 0x01020304, newYear.Add(600 * time.Second)}},
	}
}

func repeat(b byte) []byte {
	all := make([]byte, 32)
	for i := range all {
		all[i] = b
	}
	return all
}

func TestVectorCreateSession(t *testing.T) {
	v := vectors(t)
	id := vectorIdentity(t)
	hash := id.Destination().Hash()
	assert.Equal(t, v["hash"], hash[:])
	options := Mapping{"inbound.length": "1", "i2cp.leaseSetEncType": "4"}
	mapping, err := appendMapping(nil, options)
	require.NoError(t, err)
	assert.Equal(t, v["mapping"], mapping)

	c, err := SignSessionConfig(id, options, newYear)
	require.NoError(t, err)
	b, err := Append(nil, CreateSession{c})
	require.NoError(t, err)
	assert.Equal(t, v["create"], b[HeaderLen:])

	m, err := Parse(TypeCreateSession, v["create"])
	require.NoError(t, err)
	got := m.(CreateSession)
	assert.True(t, got.Verify(false))
	assert.True(t, got.Sorted())
	assert.Equal(t, options, got.Options)
	assert.True(t, newYear.Equal(got.Date))
}

func TestVectorLeaseSet(t *testing.T) {
	v := vectors(t)
	id := vectorIdentity(t)
	b, err := vectorLeaseSet().Sign(nil, id)
	require.NoError(t, err)
	assert.Equal(t, v["leaseset"], b)
	got, err := ParseLeaseSet(v["leaseset"])
	require.NoError(t, err)
	want := vectorLeaseSet()
	want.Destination = id.Destination()
	assert.Equal(t, want, got)
}

func TestVectorEncryptedLeaseSet(t *testing.T) {
	v := vectors(t)
	d := vectorIdentity(t).Destination()
	key, err := blind(d, newYear)
	require.NoError(t, err)
	assert.Equal(t, v["blinded"], key.public[:])
	e, err := ParseEncrypted(v["encrypted"])
	require.NoError(t, err)
	got, err := e.Open(d, ClientKey{})
	require.NoError(t, err)
	want := vectorLeaseSet()
	want.Destination, want.Blinded = d, true
	assert.Equal(t, want, got)
}

func TestVectorPayload(t *testing.T) {
	v := vectors(t)
	h := Header{Raw, 111, 222}
	b, err := AppendPayload(nil, h, []byte("hello"))
	require.NoError(t, err)
	assert.Equal(t, v["payload"], b)
	got, data, err := ParsePayload(v["payload"])
	require.NoError(t, err)
	assert.Equal(t, h, got)
	assert.Equal(t, "hello", string(data))
}
