package keys_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-i2p/i2pkeys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// kinds is an identity of every signature type that is read.
func kinds(t testing.TB) map[string]keys.Identity {
	all := make(map[string]keys.Identity)
	for _, sig := range []byte{0, 1, 2, 3, 7, 11} {
		public, private := pair(t, sig)
		id, err := keys.IdentityFromBytes(identityBytes(sig, 0, public, private))
		require.NoError(t, err)
		all[keys.SignatureType(sig).String()] = id
	}
	return all
}

func TestFormatsOfVectorA(t *testing.T) {
	id, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	want := map[keys.Format]string{
		keys.FormatSAM:     vectorKey + "\n",
		keys.FormatBinary:  string(vectorBytes(t)),
		keys.FormatI2PKeys: vectorDest + "\n" + vectorKey,
	}
	for f, text := range want {
		b, err := keys.Export(id, f)
		require.NoError(t, err)
		assert.Equal(t, text, string(b), f)
	}
}

func TestExportThenImport(t *testing.T) {
	for name, id := range kinds(t) {
		for _, f := range []keys.Format{keys.FormatSAM, keys.FormatBinary, keys.FormatI2PKeys} {
			t.Run(name+"/"+string(f), func(t *testing.T) {
				b, err := keys.Export(id, f)
				require.NoError(t, err)
				got, format, err := keys.Import(iotest.OneByteReader(bytes.NewReader(b)))
				require.NoError(t, err)
				assert.Equal(t, f, format)
				assert.Equal(t, id.Reveal(), got.Reveal())
			})
		}
	}
}

// The text is what i2pkeys itself reads and writes.
func TestFormatOfI2PKeys(t *testing.T) {
	id := generate(t)
	b, err := keys.Export(id, keys.FormatI2PKeys)
	require.NoError(t, err)
	theirs, err := i2pkeys.LoadKeysIncompat(bytes.NewReader(b))
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), theirs.Both)
	var file bytes.Buffer
	require.NoError(t, i2pkeys.StoreKeysIncompat(theirs, &file))
	assert.True(t, bytes.Equal(b, file.Bytes()))
}

func TestImport(t *testing.T) {
	other := generate(t).Destination().Base64()
	tests := map[string]struct {
		text   string
		format keys.Format
		want   error
	}{
		"SAM without a newline":  {vectorKey, keys.FormatSAM, nil},
		"SAM with CRLF":          {vectorKey + "\r\n", keys.FormatSAM, nil},
		"two lines":              {vectorDest + "\n" + vectorKey, keys.FormatI2PKeys, nil},
		"two lines with CRLF":    {vectorDest + "\r\n" + vectorKey + "\r\n", keys.FormatI2PKeys, nil},
		"damaged by i2pkeys":     {vectorDest + " \n" + vectorDest + " " + vectorKey, keys.FormatI2PKeysDamaged, nil},
		"damaged, other key":     {vectorDest + " \n" + other + " " + vectorKey, "", keys.ErrMalformed},
		"damaged, nothing there": {vectorDest + " \n " + vectorKey, "", keys.ErrMalformed},
		"other destination":      {other + "\n" + vectorKey, "", keys.ErrMalformed},
		"no destination":         {"\n" + vectorKey, "", keys.ErrMalformed},
		"three lines":            {vectorDest + "\n" + vectorKey + "\n" + vectorKey, "", keys.ErrMalformed},
		"newline inside":         {vectorKey[:40] + "\n" + vectorKey[40:], "", keys.ErrMalformed},
		"space in front":         {" " + vectorKey, "", keys.ErrMalformed},
		"what i2pkeys accepts":   {"garbage\n\n", "", keys.ErrMalformed},
		"empty":                  {"", "", keys.ErrMalformed},
		"only newlines":          {"\n\n", "", keys.ErrMalformed},
		"public only":            {vectorDest, "", keys.ErrMalformed},
		"public only, binary":    {string(vectorBytes(t)[:391]), "", keys.ErrMalformed},
		"binary, a newline":      {string(vectorBytes(t)) + "\n", "", keys.ErrMalformed},
		"too large":              {strings.Repeat("A", 64<<10+1), "", keys.ErrMalformed},
		"age":                    {"age-encryption.org/v1\n-> X25519 x\n", "", keys.ErrSealed},
		"age, armored":           {"-----BEGIN AGE ENCRYPTED FILE-----\n", "", keys.ErrSealed},
		"offline, binary":        {string(offlineBytes(t)), "", keys.ErrOffline},
		"offline, SAM":           {i2pBase64.EncodeToString(offlineBytes(t)), "", keys.ErrOffline},
		"offline, two lines":     {vectorDest + "\n" + i2pBase64.EncodeToString(offlineBytes(t)), "", keys.ErrOffline},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id, format, err := keys.Import(strings.NewReader(tt.text))
			assert.Equal(t, tt.format, format)
			if tt.want == nil {
				require.NoError(t, err)
				assert.Equal(t, vectorKey, id.Reveal())
				return
			}
			require.ErrorIs(t, err, tt.want)
			assert.True(t, id.IsZero())
			assertRedacted(t, err.Error())
		})
	}
	assert.ErrorIs(t, keys.ErrOffline, keys.ErrUnsupported)
}

func TestImportReadError(t *testing.T) {
	id, _, err := keys.Import(iotest.TimeoutReader(iotest.HalfReader(strings.NewReader(vectorKey))))
	assert.ErrorIs(t, err, iotest.ErrTimeout)
	assert.True(t, id.IsZero(), "half a file is no identity")
	_, _, err = keys.Import(iotest.ErrReader(os.ErrClosed))
	assert.ErrorIs(t, err, os.ErrClosed)
}

func TestExportRefuses(t *testing.T) {
	for _, f := range []keys.Format{keys.FormatI2PKeysDamaged, "", "pem"} {
		b, err := keys.Export(generate(t), f)
		assert.ErrorIs(t, err, keys.ErrUnsupported)
		assert.Nil(t, b)
	}
	_, err := keys.Export(keys.Identity{}, keys.FormatSAM)
	assert.ErrorIs(t, err, keys.ErrMalformed)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(vectorDest + " \n" + vectorDest + " " + vectorKey))
	f.Add(offlineBytes(f))
	for _, id := range kinds(f) {
		for _, format := range []keys.Format{keys.FormatSAM, keys.FormatBinary, keys.FormatI2PKeys} {
			b, err := keys.Export(id, format)
			require.NoError(f, err)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		id, format, err := keys.Import(bytes.NewReader(b))
		if err != nil {
			require.True(t, id.IsZero())
			require.True(t, errors.Is(err, keys.ErrMalformed) || errors.Is(err, keys.ErrUnsupported) ||
				errors.Is(err, keys.ErrSealed))
			return
		}
		if format == keys.FormatI2PKeysDamaged {
			format = keys.FormatI2PKeys
		}
		out, err := keys.Export(id, format)
		require.NoError(t, err)
		if format == keys.FormatBinary && len(b) == len(out) {
			require.Equal(t, b, out)
		}
		again, _, err := keys.Import(bytes.NewReader(out))
		require.NoError(t, err)
		require.Equal(t, id.Reveal(), again.Reveal())
	})
}
