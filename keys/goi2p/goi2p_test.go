package goi2p_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-i2p/i2pkeys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/goi2p"
)

func generate(t testing.TB) keys.Identity {
	id, err := keys.Generate()
	require.NoError(t, err)
	return id
}

func TestRoundTrip(t *testing.T) {
	id := generate(t)
	k := goi2p.ToI2PKeys(id)
	assert.Equal(t, id.Reveal(), k.Both)
	assert.Equal(t, id.Destination().Base32(), k.Addr().Base32(), "both libraries agree on the name")

	back, err := goi2p.FromI2PKeys(k)
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), back.Reveal())

	d, err := goi2p.FromI2PAddr(k.Address)
	require.NoError(t, err)
	assert.Equal(t, id.Destination(), d)
	assert.Equal(t, k.Address, goi2p.ToI2PAddr(d))
}

// What i2pkeys itself writes to a file and reads from one.
func TestThroughItsFiles(t *testing.T) {
	id := generate(t)
	var file bytes.Buffer
	require.NoError(t, i2pkeys.StoreKeysIncompat(goi2p.ToI2PKeys(id), &file))
	k, err := i2pkeys.LoadKeysIncompat(&file)
	require.NoError(t, err)
	back, err := goi2p.FromI2PKeys(k)
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), back.Reveal())
}

func TestFromI2PKeys(t *testing.T) {
	id := generate(t)
	good := goi2p.ToI2PKeys(id)
	pub, blob := string(good.Address), good.Both
	other := generate(t).Destination().Base64()
	tests := []struct {
		name          string
		address, both string
		want          error
	}{
		{"as it should be", pub, blob, nil},
		{"destination and space in front", pub, pub + " " + blob, nil},
		{"file of that, with a space on line 1", pub + " ", pub + " " + blob, nil},
		{"carriage return from a file", pub + "\r", blob + "\r", nil},
		{"no address", "", blob, nil},
		{"another address", other, blob, keys.ErrMalformed},
		{"another destination in front", pub, other + " " + blob, keys.ErrMalformed},
		{"something else in front", pub, "x " + blob, keys.ErrMalformed},
		{"zero", "", "", keys.ErrMalformed},
		{"destination for a key", pub, pub, keys.ErrMalformed},
		{"glued together", pub, pub + blob, keys.ErrMalformed},
		{"damaged", pub, blob[:len(blob)-4], keys.ErrMalformed},
		{"newline inside", pub, blob[:40] + "\n" + blob[40:], keys.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := goi2p.FromI2PKeys(i2pkeys.I2PKeys{Address: i2pkeys.I2PAddr(tt.address), Both: tt.both})
			if tt.want != nil {
				assert.ErrorIs(t, err, tt.want)
				assert.False(t, strings.Contains(err.Error(), blob[:40]), "the key is in the error")
				assert.True(t, got.IsZero())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, blob, got.Reveal())
		})
	}
}

func TestFromI2PAddr(t *testing.T) {
	d := generate(t).Destination()
	got, err := goi2p.FromI2PAddr(i2pkeys.I2PAddr(d.Base64() + " "))
	require.NoError(t, err)
	assert.Equal(t, d, got)

	bad := []i2pkeys.I2PAddr{"", i2pkeys.FiveHundredAs(), i2pkeys.I2PAddr(d.Base32()),
		i2pkeys.I2PAddr(strings.Repeat("A", 517)), i2pkeys.I2PAddr(d.Base64() + ".i2p")}
	for _, a := range bad {
		got, err := goi2p.FromI2PAddr(a)
		assert.ErrorIs(t, err, keys.ErrMalformed)
		assert.True(t, got.IsZero())
	}
}

func TestZero(t *testing.T) {
	assert.Equal(t, i2pkeys.I2PKeys{}, goi2p.ToI2PKeys(keys.Identity{}))
	assert.Equal(t, i2pkeys.I2PAddr(""), goi2p.ToI2PAddr(keys.Destination{}))
}
