package addrbook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

func TestAddress(t *testing.T) {
	id := vector(t, 0, 0x40) // whose encrypted base32 name is encrypted
	a := whole(id)
	hash := hashOf(t, a)
	blinded, err := addrbook.ParseAddress(strings.ToUpper(encrypted) + ".B32.i2p")
	require.NoError(t, err)
	withAuth, err := addrbook.ParseAddress("zc4g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny.b32.i2p")
	require.NoError(t, err)
	other := destination(t)

	for name, tt := range map[string]struct {
		a            addrbook.Address
		text, base32 string
		whole        bool
	}{
		"destination": {a, id.Destination().Base64(), id.String(), true},
		"base32":      {hash, id.String(), id.String(), false},
		"encrypted":   {blinded, encrypted + ".b32.i2p", encrypted + ".b32.i2p", false},
		"none":        {addrbook.Address{}, "", "", false},
	} {
		assert.Equal(t, tt.text, tt.a.Text(), name)
		assert.Equal(t, tt.base32, tt.a.Base32(), name)
		assert.Equal(t, tt.base32, tt.a.String(), name)
		_, ok := tt.a.Destination()
		assert.Equal(t, tt.whole, ok, name)
		assert.Equal(t, name == "none", tt.a.IsZero())
		assert.Equal(t, name != "none", tt.a.Same(tt.a), name)
		assert.False(t, tt.a.Same(other), name)
		if name != "none" {
			again, err := addrbook.ParseAddress(tt.a.Text())
			require.NoError(t, err)
			assert.Equal(t, tt.a, again)
		}
	}
	assert.True(t, a.Same(hash) && hash.Same(a), "a destination and its hash")
	assert.True(t, a.Same(blinded) && blinded.Same(a), "a destination and its key")
	assert.True(t, blinded.Same(withAuth), "the same key")
	assert.False(t, hash.Same(blinded) || blinded.Same(hash), "nobody knows")

	for text, want := range map[string]error{
		"": keys.ErrMalformed, "n.i2p": i2phost.ErrMalformed, "example.com": i2phost.ErrNotI2P, "10.0.0.1": i2phost.ErrNotI2P,
		"abc.b32.i2p": i2phost.ErrMalformed, "x." + id.String(): i2phost.ErrMalformed, id.String() + "\n": i2phost.ErrMalformed,
		a.Text() + "\n": keys.ErrMalformed, strings.TrimRight(a.Text(), "="): nil, strings.TrimSuffix(a.Text(), "="): nil,
		strings.TrimRight(a.Text(), "=") + "===": keys.ErrMalformed, strings.TrimRight(a.Text(), "=")[:521]: keys.ErrMalformed, hidden(t): keys.ErrUnsupported,
	} {
		got, err := addrbook.ParseAddress(text)
		if want == nil {
			assert.NoError(t, err)
			assert.Equal(t, a, got)
			continue
		}
		assert.ErrorIs(t, err, want, "%.70q", text)
		assert.Zero(t, got)
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add(destination(f).Text())
	f.Add(strings.TrimRight(destination(f).Text(), "="))
	f.Add(encrypted + ".b32.i2p")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := addrbook.ParseAddress(s)
		if err != nil {
			require.True(t, a.IsZero())
			return
		}
		again, err := addrbook.ParseAddress(a.Text())
		require.NoError(t, err)
		require.Equal(t, a, again)
		require.True(t, a.Same(a))
		host, err := i2phost.Parse(a.Text())
		require.NoError(t, err)
		require.NotEqual(t, i2phost.Name, host.Kind())
		host, err = i2phost.Parse(a.Base32())
		require.NoError(t, err)
		require.Contains(t, []i2phost.Kind{i2phost.Base32, i2phost.EncryptedBase32}, host.Kind())
	})
}
