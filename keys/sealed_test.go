package keys_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// inHex makes text of the characters of base64.
type inHex struct{ keys.Sealer }

func (h inHex) Seal(ctx context.Context, plain []byte) ([]byte, error) {
	b, err := h.Sealer.Seal(ctx, plain)
	return []byte(hex.EncodeToString(b)), err
}

func (h inHex) Open(ctx context.Context, sealed []byte) ([]byte, error) {
	b, err := hex.DecodeString(string(sealed))
	if err != nil {
		return nil, keys.ErrMalformed
	}
	return h.Sealer.Open(ctx, b)
}

func TestSealersOfText(t *testing.T) {
	path := privateDir(t)
	d := openDir(t, path)
	id := generate(t)
	require.NoError(t, d.Save(t.Context(), "a", id))
	require.NoError(t, d.Reseal(t.Context(), inHex{gcm(1)}))
	assert.Equal(t, id.Reveal(), load(t, d, "a").Reveal())
	require.NoError(t, d.Close())
	d, err := keys.OpenSealedDir(t.Context(), path, inHex{gcm(1)})
	require.NoError(t, err)
	defer d.Close()
	assert.Equal(t, id.Reveal(), load(t, d, "a").Reveal())
	require.NoError(t, d.Reseal(t.Context(), nil))
	assert.Equal(t, id.Reveal(), load(t, d, "a").Reveal())
}

// sealerFuncs is a Sealer that a test makes.
type sealerFuncs struct{ seal, open func([]byte) ([]byte, error) }

func (s sealerFuncs) Seal(_ context.Context, b []byte) ([]byte, error) { return s.seal(b) }
func (s sealerFuncs) Open(_ context.Context, b []byte) ([]byte, error) { return s.open(b) }

// TestSealersThatCannotOpen: nothing goes before what is to take its place was read.
func TestSealersThatCannotOpen(t *testing.T) {
	ctx := t.Context()
	same := func(b []byte) ([]byte, error) { return b, nil }
	upside := func(b []byte) ([]byte, error) {
		c := make([]byte, len(b))
		for i := range b {
			c[i] = ^b[i]
		}
		return c, nil
	}
	for name, tt := range map[string]struct {
		s    keys.Sealer
		want error
	}{
		"may not open":     {sealerFuncs{upside, func([]byte) ([]byte, error) { return nil, fs.ErrPermission }}, fs.ErrPermission},
		"opens as another": {sealerFuncs{upside, func(b []byte) ([]byte, error) { return []byte("x"), nil }}, keys.ErrUnsupported},
		"does not encrypt": {sealerFuncs{same, same}, keys.ErrUnsupported},
		"makes nothing":    {sealerFuncs{func([]byte) ([]byte, error) { return nil, nil }, same}, keys.ErrUnsupported},
		"makes too much":   {sealerFuncs{func([]byte) ([]byte, error) { return make([]byte, 1<<20), nil }, same}, keys.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			path := privateDir(t)
			d := openDir(t, path)
			id := generate(t)
			require.NoError(t, d.Save(ctx, "a", id))
			assertStoreError(t, d.Reseal(ctx, tt.s), "reseal", "", tt.want)
			assert.Equal(t, id.Reveal(), load(t, d, "a").Reveal())
			assert.Equal(t, []string{".lock", "a.key"}, entries(t, path))
			_, err := keys.OpenSealedDir(ctx, privateDir(t), tt.s)
			assertStoreError(t, err, "open", "", tt.want)
		})
	}
}

// TestSealIdentity: what is sealed for one name opens under no other.
func TestSealIdentity(t *testing.T) {
	ctx := t.Context()
	id := generate(t)
	sealed, err := keys.SealIdentity(ctx, gcm(1), "bot", id)
	require.NoError(t, err)
	got, err := keys.OpenIdentity(ctx, gcm(1), "bot", sealed, false)
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), got.Reveal())
	for _, name := range []string{"", "bo", "bots", "bot\n"} {
		for _, former := range []bool{false, true} {
			_, err = keys.OpenIdentity(ctx, gcm(1), name, sealed, former)
			assert.ErrorIs(t, err, keys.ErrAltered)
		}
	}
	_, err = keys.OpenIdentity(ctx, gcm(2), "bot", sealed, false)
	assert.ErrorIs(t, err, keys.ErrPassphrase)
	_, err = keys.OpenIdentity(ctx, gcm(1), "bot", []byte(id.Reveal()+"\n"), false)
	assert.ErrorIs(t, err, keys.ErrNotSealed)
	_, err = keys.SealIdentity(ctx, gcm(1), "bot", keys.Identity{})
	assert.ErrorIs(t, err, keys.ErrMalformed)

	nameless, err := gcm(1).Seal(ctx, []byte(id.Reveal()+"\n"))
	require.NoError(t, err)
	_, err = keys.OpenIdentity(ctx, gcm(1), "bot", nameless, false)
	assert.ErrorIs(t, err, keys.ErrAltered)
	got, err = keys.OpenIdentity(ctx, gcm(1), "bot", nameless, true)
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), got.Reveal())
}

// FuzzIndex: nothing but what was written with the key is read.
func FuzzIndex(f *testing.F) {
	sealed, file := keys.NewIndex()
	f.Add(sealed, file)
	f.Add("i2p identities\n", file)
	f.Add(sealed, file[:len(file)-2])
	f.Add(sealed, []byte("i2p index 1\n{}\n"))
	f.Fuzz(func(t *testing.T, key string, b []byte) {
		again, err := keys.IndexOf(key, b)
		if err == nil {
			require.Equal(t, string(b), string(again))
			return
		}
		require.True(t, errors.Is(err, keys.ErrAltered) || errors.Is(err, keys.ErrMalformed))
	})
}
