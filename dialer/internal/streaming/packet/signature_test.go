package packet

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// key is an Ed25519 key that signs.
type key struct{ ed25519.PrivateKey }

func (k key) Sign(b []byte) ([]byte, error) { return ed25519.Sign(k.PrivateKey, b), nil }

// owned is a destination and its key, the same for a seed.
func owned(t testing.TB, seed byte) (keys.Destination, key) {
	s := make([]byte, ed25519.SeedSize)
	s[0] = seed
	k := ed25519.NewKeyFromSeed(s)
	b := make([]byte, 352, 391)
	b = append(b, k.Public().(ed25519.PublicKey)...)
	b = append(b, 5, 0, 4, 0, 7, 0, 0)
	d, err := keys.DestinationFromBytes(b)
	require.NoError(t, err)
	return d, key{k}
}

func destination(t testing.TB) []byte { d, _ := owned(t, 1); return d.Bytes() }

// signed encodes p and signs it.
func signed(t testing.TB, p Packet, s Signer) []byte {
	p.Flags |= SignatureIncluded
	p.Signature = make([]byte, 64)
	b, err := p.Append(nil)
	require.NoError(t, err)
	require.NoError(t, p.Sign(b, s))
	return b
}

func TestSignAndVerify(t *testing.T) {
	d, k := owned(t, 1)
	other, _ := owned(t, 2)
	raw := signed(t, Packet{Flags: SYN | FromIncluded, From: d.Bytes(), Nacks: Nacks{}.Add(1), Payload: []byte("data")}, k)
	p, err := Parse(raw)
	require.NoError(t, err)
	sender, signer, err := p.Sender(time.Time{})
	require.NoError(t, err)
	assert.Equal(t, d, sender)
	require.NoError(t, p.Verify(raw, signer))
	assert.ErrorIs(t, p.Verify(raw, KeyOf(other)), ErrSignature)

	for i := range raw { // every byte is covered
		forged := append([]byte(nil), raw...)
		forged[i] ^= 0x40
		if p, err := Parse(forged); err == nil {
			assert.ErrorIs(t, p.Verify(forged, signer), ErrSignature, "byte %d", i)
		}
	}
}

func TestUnsignedIsNotVerified(t *testing.T) {
	d, _ := owned(t, 1)
	raw, err := (&Packet{Flags: SYN}).Append(nil)
	require.NoError(t, err)
	p, err := Parse(raw)
	require.NoError(t, err)
	assert.ErrorIs(t, p.Verify(raw, KeyOf(d)), ErrSignature)
	_, _, err = p.Sender(time.Time{})
	assert.ErrorIs(t, err, ErrSignature)
}

func TestSenderRefusesForeignKeys(t *testing.T) {
	b := destination(t)
	b[384] = 4 // a certificate that nobody uses
	raw, err := (&Packet{Flags: FromIncluded, From: b}).Append(nil)
	require.NoError(t, err)
	p, err := Parse(raw)
	require.NoError(t, err)
	_, _, err = p.Sender(time.Time{})
	assert.ErrorIs(t, err, ErrMalformed)
	assert.ErrorIs(t, err, keys.ErrUnsupported)
}

// offline is the statement of d's key that a transient key signs for it.
func offline(k key, transient key, expires time.Time) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(expires.Unix()))
	b = binary.BigEndian.AppendUint16(b, uint16(keys.Ed25519))
	b = append(b, transient.Public().(ed25519.PublicKey)...)
	return append(b, ed25519.Sign(k.PrivateKey, b)...)
}

func TestOfflineSignature(t *testing.T) {
	d, k := owned(t, 1)
	_, transient := owned(t, 2)
	expires := time.Unix(1_800_000_000, 0)
	raw := signed(t, Packet{Flags: SYN | FromIncluded | OfflineSignature, From: d.Bytes(), Offline: offline(k, transient, expires)}, transient)
	p, err := Parse(raw)
	require.NoError(t, err)
	sender, signer, err := p.Sender(expires.Add(-time.Second))
	require.NoError(t, err)
	assert.Equal(t, d, sender)
	require.NoError(t, p.Verify(raw, signer))
	assert.ErrorIs(t, p.Verify(raw, KeyOf(d)), ErrSignature, "only the transient key signs")

	_, _, err = p.Sender(expires)
	assert.ErrorIs(t, err, ErrSignature, "expired")

	_, err = TransientKey(offline(transient, transient, expires), d, time.Time{})
	assert.ErrorIs(t, err, ErrSignature, "nobody vouches for it")
	_, err = TransientKey([]byte("short"), d, time.Time{})
	assert.ErrorIs(t, err, ErrMalformed)
}

type failing struct{ length int }

func (f failing) Sign([]byte) ([]byte, error) {
	if f.length < 0 {
		return nil, errors.New("locked")
	}
	return make([]byte, f.length), nil
}

func TestSignerFails(t *testing.T) {
	p := Packet{Flags: SignatureIncluded, Signature: make([]byte, 64)}
	b, err := p.Append(nil)
	require.NoError(t, err)
	assert.ErrorContains(t, p.Sign(b, failing{-1}), "locked")
	assert.ErrorIs(t, p.Sign(b, failing{40}), ErrSignature)
}
