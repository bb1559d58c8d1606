package ageseal_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/ageseal"
)

const secret = "correct horse battery staple"

func passphrase(t testing.TB, p string) *ageseal.Sealer {
	s, err := ageseal.Passphrase(p)
	require.NoError(t, err)
	s.WorkFactor = 4
	return s
}

func ageKey(t testing.TB) *age.X25519Identity {
	k, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return k
}

func sealers(t *testing.T) map[string]*ageseal.Sealer {
	k, spare := ageKey(t), ageKey(t)
	classic, err := ageseal.Keys([]age.Identity{k}, k.Recipient(), spare.Recipient())
	require.NoError(t, err)
	hybrid, err := age.GenerateHybridIdentity()
	require.NoError(t, err)
	modern, err := ageseal.Keys([]age.Identity{hybrid}, hybrid.Recipient())
	require.NoError(t, err)
	return map[string]*ageseal.Sealer{"passphrase": passphrase(t, secret), "X25519": classic, "hybrid": modern}
}

func TestSealAndOpen(t *testing.T) {
	all := sealers(t)
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			sealed, err := s.Seal(t.Context(), []byte("plain"))
			require.NoError(t, err)
			again, err := s.Seal(t.Context(), []byte("plain"))
			require.NoError(t, err)
			assert.NotEqual(t, sealed, again)
			assert.NotContains(t, string(sealed), "plain")
			plain, err := s.Open(t.Context(), sealed)
			require.NoError(t, err)
			assert.Equal(t, "plain", string(plain))

			for other, o := range all {
				if other != name {
					_, err := o.Open(t.Context(), sealed)
					assert.ErrorIs(t, err, keys.ErrPassphrase, other)
				}
			}
			for i := range sealed {
				bad := bytes.Clone(sealed)
				bad[i] ^= 1
				_, err := s.Open(t.Context(), bad)
				require.Error(t, err, "byte %d changed", i)
				_, err = s.Open(t.Context(), sealed[:i])
				require.ErrorIs(t, err, keys.ErrMalformed, "cut at %d", i)
			}
		})
	}
}

func TestWrongPassphrase(t *testing.T) {
	sealed, err := passphrase(t, secret).Seal(t.Context(), []byte("plain"))
	require.NoError(t, err)
	for _, wrong := range []string{"x", secret + "\n", secret[1:], strings.ToUpper(secret)} {
		_, err := passphrase(t, wrong).Open(t.Context(), sealed)
		assert.ErrorIs(t, err, keys.ErrPassphrase)
		assert.NotErrorIs(t, err, keys.ErrMalformed)
	}
	_, err = ageseal.Passphrase("")
	assert.ErrorIs(t, err, keys.ErrPassphrase)
}

// The file is of the age command, and the other way round.
func TestIsAge(t *testing.T) {
	sealed, err := passphrase(t, secret).Seal(t.Context(), []byte("plain"))
	require.NoError(t, err)
	id, err := age.NewScryptIdentity(secret)
	require.NoError(t, err)
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	require.NoError(t, err)
	plain, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "plain", string(plain))
}

// One who can write a file must not make its reader spend gigabytes.
func TestCostIsCapped(t *testing.T) {
	salt := base64.RawStdEncoding.EncodeToString(make([]byte, 16))
	body := base64.RawStdEncoding.EncodeToString(make([]byte, 32))
	mac := body
	file := func(n int) []byte {
		return fmt.Appendf(nil, "age-encryption.org/v1\n-> scrypt %s %d\n%s\n--- %s\n0123456789abcdef", salt, n, body, mac)
	}
	s := passphrase(t, secret)
	_, err := s.Open(t.Context(), file(4))
	require.ErrorIs(t, err, keys.ErrPassphrase, "the file is well-formed")
	for _, n := range []int{19, 22, 30, 63, 99999} {
		_, err := s.Open(t.Context(), file(n))
		assert.ErrorIs(t, err, keys.ErrUnsupported)
	}
}

func TestWorkFactor(t *testing.T) {
	s := passphrase(t, secret)
	for _, n := range []int{-1, 23, 1 << 20} {
		s.WorkFactor = n
		_, err := s.Seal(t.Context(), nil)
		assert.ErrorContains(t, err, "work factor")
		_, err = s.Open(t.Context(), nil)
		assert.ErrorContains(t, err, "work factor")
	}
	s.WorkFactor = 0
	sealed, err := s.Seal(t.Context(), nil)
	require.NoError(t, err)
	header, _, _ := bytes.Cut(sealed[len("age-encryption.org/v1\n"):], []byte("\n"))
	assert.Regexp(t, `^-> scrypt \S+ 18$`, string(header))
}

func TestKeysRefuse(t *testing.T) {
	k, other := ageKey(t), ageKey(t)
	_, err := ageseal.Keys(nil, k.Recipient())
	assert.ErrorIs(t, err, keys.ErrPassphrase)
	_, err = ageseal.Keys([]age.Identity{k})
	assert.ErrorIs(t, err, keys.ErrPassphrase)
	_, err = ageseal.Keys([]age.Identity{k}, other.Recipient())
	assert.ErrorIs(t, err, keys.ErrPassphrase, "what is sealed could not be opened")
	_, err = new(ageseal.Sealer).Seal(t.Context(), nil)
	assert.ErrorIs(t, err, keys.ErrPassphrase)
}

func TestOpenRefuses(t *testing.T) {
	s := passphrase(t, secret)
	id, err := keys.Generate()
	require.NoError(t, err)
	_, err = s.Open(t.Context(), []byte(id.Reveal()))
	assert.ErrorIs(t, err, keys.ErrMalformed)
	assert.Less(t, len(err.Error()), 100, "a plain key is not repeated")

	big, err := s.Seal(t.Context(), make([]byte, 64<<10+1))
	require.NoError(t, err)
	_, err = s.Open(t.Context(), big)
	assert.ErrorIs(t, err, keys.ErrMalformed)
}

func TestNothingShowsThePassphrase(t *testing.T) {
	s := passphrase(t, secret)
	k := ageKey(t)
	byKey, err := ageseal.Keys([]age.Identity{k}, k.Recipient())
	require.NoError(t, err)
	var out bytes.Buffer
	for _, v := range []any{s, *s, byKey, *byKey, []any{s, byKey}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		json.NewEncoder(&out).Encode(v)
	}
	for _, s := range []string{secret, fmt.Sprintf("%x", secret), strings.Trim(fmt.Sprint([]byte(secret)), "[]"), "AGE-SECRET-KEY"} {
		assert.False(t, strings.Contains(out.String(), s))
	}
}

func TestSealedDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	s := passphrase(t, secret)
	d, err := keys.OpenSealedDir(t.Context(), path, s)
	require.NoError(t, err)
	id, err := keys.LoadOrGenerate(t.Context(), d, "bot")
	require.NoError(t, err)
	require.NoError(t, d.Close())

	raw, err := os.ReadFile(filepath.Join(path, "bot.key"))
	require.NoError(t, err)
	text, err := s.Open(t.Context(), raw)
	require.NoError(t, err)
	assert.Equal(t, "i2p identity 2 bot\n"+id.Reveal()+"\n", string(text))
	imported, _, err := keys.Import(bytes.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), imported.Reveal(), "as decrypted by hand")

	_, err = keys.OpenDir(path)
	assert.ErrorIs(t, err, keys.ErrSealed)
	_, err = keys.OpenSealedDir(t.Context(), path, passphrase(t, "mistyped"))
	assert.ErrorIs(t, err, keys.ErrPassphrase)

	d, err = keys.OpenSealedDir(t.Context(), path, s)
	require.NoError(t, err)
	defer d.Close()
	again, err := d.Load(t.Context(), "bot")
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), again.Reveal())
}

func FuzzOpen(f *testing.F) {
	s := passphrase(f, secret)
	sealed, err := s.Seal(f.Context(), []byte("plain"))
	require.NoError(f, err)
	f.Add(sealed)
	f.Add([]byte("age-encryption.org/v1\n-> scrypt AAAA 22\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if i := bytes.Index(b, []byte("-> scrypt")); i >= 0 && bytes.Contains(b[i:], []byte(" 1")) {
			t.Skip() // work factors of 10 to 18 are allowed, and slow
		}
		plain, err := s.Open(t.Context(), b)
		if err != nil {
			require.Nil(t, plain)
			return
		}
		require.Equal(t, "plain", string(plain), "nobody else has the passphrase")
	})
}

// TestOnePassphraseAtATime: Sealers of a process take turns, and waiting ends with the context.
func TestOnePassphraseAtATime(t *testing.T) {
	one, two := passphrase(t, secret), passphrase(t, secret)
	release := ageseal.Work()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for _, s := range []*ageseal.Sealer{one, two} {
		_, err := s.Seal(ctx, []byte("x"))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	}
	release()
	_, err := one.Seal(t.Context(), []byte("x"))
	assert.NoError(t, err)
}
