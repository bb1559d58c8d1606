package i2cpwire

import (
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

func TestLeaseSetForms(t *testing.T) {
	id := vectorIdentity(t)
	red, err := keys.GenerateRedDSA()
	require.NoError(t, err)
	tr, err := keys.NewTransient(id, time.Now().Add(time.Hour))
	require.NoError(t, err)
	full := vectorLeaseSet()
	full.Options = Mapping{"a": "b"}
	full.Keys = []EncryptionKey{{X25519MLKEM768, repeat(1)}, {X25519, repeat(2)}}
	full.Leases = slices.Repeat(full.Leases, MaxLeases)
	full.Unpublished = true
	none := vectorLeaseSet()
	none.Leases = nil
	for _, s := range []keys.Signer{id, red, tr} {
		for _, want := range []LeaseSet{vectorLeaseSet(), full, none} {
			b, err := want.Sign(nil, s)
			require.NoError(t, err)
			got, err := ParseLeaseSet(b)
			require.NoError(t, err)
			want.Destination = s.Destination()
			if off, ok := s.(keys.OfflineSigner); ok {
				o := off.OfflineSignature()
				o.Expires = o.Expires.Local()
				want.Offline = &o
			}
			assert.Equal(t, want, got)
			for i := range b {
				b[i] ^= 4
				_, err := ParseLeaseSet(b)
				require.ErrorIs(t, err, ErrMalformed, "byte %d changed", i)
				b[i] ^= 4
			}
		}
	}
}

type noSigner struct{ keys.Identity }

func (noSigner) Sign([]byte) ([]byte, error) { return nil, errors.New("agent is locked") }
func (noSigner) SignBlinded([32]byte, []byte) ([]byte, error) {
	return nil, errors.New("agent is locked")
}

func TestLeaseSetRefuses(t *testing.T) {
	id := vectorIdentity(t)
	for name, edit := range map[string]func(l *LeaseSet){
		"no key":                 func(l *LeaseSet) { l.Keys = nil },
		"nine keys":              func(l *LeaseSet) { l.Keys = slices.Repeat(l.Keys, 9) },
		"17 leases":              func(l *LeaseSet) { l.Leases = slices.Repeat(l.Leases, 17) },
		"expires before":         func(l *LeaseSet) { l.Expires = l.Published.Add(-time.Second) },
		"expires after 18 hours": func(l *LeaseSet) { l.Expires = l.Published.Add(65536 * time.Second) },
	} {
		l := vectorLeaseSet()
		edit(&l)
		_, err := l.Sign(nil, id)
		assert.ErrorIs(t, err, errLeaseSet, name)
	}
	_, err := vectorLeaseSet().Sign(nil, noSigner{id})
	assert.ErrorContains(t, err, "agent is locked")
	_, err = vectorLeaseSet().SignEncrypted(nil, noSigner{id}, Clients{})
	assert.ErrorContains(t, err, "agent is locked")
}

func TestEncryptedLeaseSet(t *testing.T) {
	id := vectorIdentity(t)
	red, err := keys.GenerateRedDSA()
	require.NoError(t, err)
	client, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	dh, psk := [32]byte(client.Bytes()), [32]byte{1, 2, 3}
	public := [32]byte(client.PublicKey().Bytes())
	other, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	others := [][32]byte{[32]byte(other.PublicKey().Bytes())}
	tests := []struct {
		name    string
		clients Clients
		opens   []ClientKey
		not     []ClientKey
	}{
		{"for all", Clients{}, []ClientKey{{}, {PSK: psk}, {DH: dh}}, nil},
		{"DH", Clients{DH: append(others, public)}, []ClientKey{{DH: dh}}, []ClientKey{{}, {PSK: dh}, {DH: psk}}},
		{"PSK", Clients{PSK: [][32]byte{{9}, psk}}, []ClientKey{{PSK: psk}}, []ClientKey{{}, {DH: psk}, {PSK: dh}}},
		{"most clients", Clients{PSK: append(make([][32]byte, MaxClients-1), psk)}, []ClientKey{{PSK: psk}}, []ClientKey{{}}},
	}
	for _, s := range []keys.Identity{id, red} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%v/%s", s.Destination().SignatureType(), tt.name), func(t *testing.T) {
				b, err := vectorLeaseSet().SignEncrypted(nil, s, tt.clients)
				require.NoError(t, err)
				e, err := ParseEncrypted(b)
				require.NoError(t, err)
				for _, key := range tt.opens {
					l, err := e.Open(s.Destination(), key)
					require.NoError(t, err)
					assert.Equal(t, s.Destination(), l.Destination)
				}
				for _, key := range tt.not {
					_, err := e.Open(s.Destination(), key)
					assert.ErrorIs(t, err, ErrNotClient)
				}
				stranger, err := keys.Generate()
				require.NoError(t, err)
				_, err = e.Open(stranger.Destination(), ClientKey{})
				assert.ErrorIs(t, err, ErrMalformed)
				for i := 0; i < len(b); i += 7 {
					b[i] ^= 4
					_, err := ParseEncrypted(b)
					require.ErrorIs(t, err, ErrMalformed, "byte %d changed", i)
					b[i] ^= 4
				}
			})
		}
	}
	_, err = vectorLeaseSet().SignEncrypted(nil, id, Clients{DH: others, PSK: others})
	assert.ErrorIs(t, err, errLeaseSet)
	_, err = vectorLeaseSet().SignEncrypted(nil, id, Clients{PSK: make([][32]byte, MaxClients+1)})
	assert.ErrorIs(t, err, errLeaseSet)
	_, err = vectorLeaseSet().SignEncrypted(nil, id, Clients{DH: make([][32]byte, 1)})
	assert.Error(t, err, "a point of small order, with which everybody would share the secret")
}

// The key changes at midnight UTC, and with it where the lease set is found.
func TestEncryptedLeaseSetMidnight(t *testing.T) {
	id := vectorIdentity(t)
	l := vectorLeaseSet()
	l.Published = newYear.Add(-100 * time.Second)
	l.Expires = newYear.Add(500 * time.Second)
	before, err := l.SignEncrypted(nil, id, Clients{})
	require.NoError(t, err)
	b, err := ParseEncrypted(before)
	require.NoError(t, err)
	assert.True(t, b.Expires.Equal(newYear), "not after midnight")
	l.Published = newYear
	after, err := l.SignEncrypted(nil, id, Clients{})
	require.NoError(t, err)
	a, err := ParseEncrypted(after)
	require.NoError(t, err)
	assert.NotEqual(t, b.Key, a.Key)
}

func TestBlindRefuses(t *testing.T) {
	_, err := blind(keys.Destination{}, newYear)
	assert.ErrorIs(t, err, ErrBlinding)
	b := vectors(t)["destination"]
	b[388] = 1 // P-256, of 64 bytes
	d, err := keys.DestinationFromBytes(b)
	require.NoError(t, err)
	_, err = blind(d, newYear)
	assert.ErrorIs(t, err, ErrBlinding)
}
