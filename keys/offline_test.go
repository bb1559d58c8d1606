package keys_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

func TestTransient(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	for kind, id := range signers(t) {
		tr, err := keys.NewTransient(id, expires)
		require.NoError(t, err, kind)
		assert.Equal(t, id.Destination(), tr.Destination())
		o := tr.OfflineSignature()
		assert.True(t, o.Verify(id.Destination()), kind)
		sig, err := tr.Sign([]byte("message"))
		require.NoError(t, err)
		assert.True(t, o.Type.Verify(o.Key, []byte("message"), sig))
		assert.False(t, id.Destination().Verify([]byte("message"), sig), "by the transient key alone")

		b, err := o.AppendBinary(nil)
		require.NoError(t, err)
		got, rest, err := keys.CutOfflineSignature(append(b, "rest"...), id.Destination())
		require.NoError(t, err)
		assert.Equal(t, o, got)
		assert.Equal(t, "rest", string(rest))
		for cut := range b {
			_, _, err := keys.CutOfflineSignature(b[:cut], id.Destination())
			require.Error(t, err, "prefix of %d bytes", cut)
			b[cut] ^= 0x40
			_, _, err = keys.CutOfflineSignature(b, id.Destination())
			require.Error(t, err, "byte %d changed", cut)
			b[cut] ^= 0x40
		}
	}
}

func TestTransientExpires(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	tr, err := keys.NewTransient(id, time.Now().Add(-time.Second))
	require.NoError(t, err)
	_, err = tr.Sign(nil)
	require.ErrorIs(t, err, keys.ErrOffline)
	_, err = keys.NewTransient(id, time.Unix(1<<33, 0))
	require.ErrorIs(t, err, keys.ErrUnsupported)
	_, err = keys.NewTransient(keys.Identity{}, time.Now())
	require.Error(t, err)
	_, err = keys.Transient{}.Sign(nil)
	require.Error(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		assert.Equal(t, id.String(), fmt.Sprintf(verb, tr), verb)
	}
}

func TestTransientText(t *testing.T) {
	raw := offlineBytes(t)
	tr, err := keys.ParseTransient(i2pBase64.EncodeToString(raw))
	require.NoError(t, err)
	assert.Equal(t, vectorName, tr.String())
	assert.Equal(t, i2pBase64.EncodeToString(raw), tr.Reveal())
	sig, err := tr.Sign([]byte("message"))
	require.NoError(t, err)
	o := tr.OfflineSignature()
	assert.True(t, o.Type.Verify(o.Key, []byte("message"), sig))
	for cut := range raw {
		_, err := keys.ParseTransient(i2pBase64.EncodeToString(raw[:cut]))
		require.Error(t, err, "prefix of %d bytes", cut)
	}
	for _, i := range []int{352, 647, 680, 690, 720, 760, 812} {
		raw[i] ^= 1
		_, err := keys.ParseTransient(i2pBase64.EncodeToString(raw))
		require.Error(t, err, "byte %d changed", i)
		raw[i] ^= 1
	}
	for kind, id := range signers(t) {
		tr, err := keys.NewTransient(id, time.Now().Add(time.Hour))
		require.NoError(t, err)
		again, err := keys.ParseTransient(tr.Reveal())
		require.NoError(t, err, kind)
		assert.Equal(t, tr.Reveal(), again.Reveal())
		_, err = keys.ParseIdentity(tr.Reveal())
		assert.ErrorIs(t, err, keys.ErrOffline, "%v: an identity is something else", kind)
		_, err = keys.ParseTransient(id.Reveal())
		assert.ErrorIs(t, err, keys.ErrMalformed, kind)
	}
	_, err = keys.ParseTransient("x")
	require.ErrorIs(t, err, keys.ErrMalformed)
	assert.Empty(t, keys.Transient{}.Reveal())
	assert.Equal(t, "none", fmt.Sprint(keys.Transient{}))
	text, err := tr.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, vectorName, string(text))
}
