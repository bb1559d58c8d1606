package keys_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/ageseal"
)

func ageSealer(t testing.TB) *ageseal.Sealer {
	k, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	s, err := ageseal.Keys([]age.Identity{k}, k.Recipient())
	require.NoError(t, err)
	return s
}

func ageWorld(t *testing.T) *world {
	w := newWorld(t)
	w.one, w.two = ageSealer(t), ageSealer(t)
	return w
}

func TestReseal(t *testing.T) {
	w := ageWorld(t)
	path := w.prepare(t, scenario{name: "reseal"})
	d, err := keys.OpenDir(path)
	require.NoError(t, err)
	want := state(t, d)
	saved := list(t, d)

	steps := []struct {
		to  keys.Sealer
		how string
	}{{w.one, "one"}, {w.two, "two"}, {w.two, "two"}, {nil, "plain"}, {nil, "plain"}, {w.one, "one"}}
	for _, step := range steps {
		require.NoError(t, d.Reseal(t.Context(), step.to))
		assert.Equal(t, want, state(t, d), "the same Dir goes on")
		require.NoError(t, d.Close())
		var how string
		d, how = w.open(t, path)
		assert.Equal(t, step.how, how)
		assert.Equal(t, want, state(t, d))
		assert.Equal(t, saved, list(t, d), "the times stay")
	}
	require.NoError(t, d.Close())
	for _, file := range entries(t, path) {
		b, err := os.ReadFile(filepath.Join(path, file))
		require.NoError(t, err)
		assert.NotContains(t, string(b), w.a.Reveal()[600:700])
	}
}

func TestResealRefusesWhatItCannotRead(t *testing.T) {
	w := ageWorld(t)
	path := w.prepare(t, scenario{name: "reseal"})
	require.NoError(t, os.WriteFile(filepath.Join(path, "bad.key"), []byte("x"), 0o600))
	d := openDir(t, path)
	before := entries(t, path)
	assertStoreError(t, d.Reseal(t.Context(), w.one), "reseal", "", keys.ErrMalformed)
	assert.ErrorContains(t, d.Reseal(t.Context(), w.one), "bad.key")
	assert.Equal(t, before, entries(t, path))
	assert.Equal(t, w.a.Reveal(), load(t, d, "bot").Reveal())

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assertStoreError(t, d.Reseal(ended, w.one), "reseal", "", context.Canceled)
}

// cancels is a sealer in whose work the context ends.
type cancels struct {
	keys.Sealer
	cancel func()
}

func (c cancels) Seal(ctx context.Context, plain []byte) ([]byte, error) {
	c.cancel()
	return c.Sealer.Seal(context.WithoutCancel(ctx), plain)
}

func TestResealStopsWithItsContext(t *testing.T) {
	w := ageWorld(t)
	path := w.prepare(t, scenario{name: "reseal"})
	d := openDir(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Reseal(ctx, cancels{w.one, cancel})
	assertStoreError(t, err, "reseal", "", context.Canceled)
	assert.Equal(t, w.a.Reveal(), load(t, d, "bot").Reveal())
	assert.NotContains(t, entries(t, path), ".next-bot.key")
}

func TestOpenSealedDir(t *testing.T) {
	w := ageWorld(t)
	plain := w.prepare(t, scenario{name: "plain"})
	_, err := keys.OpenSealedDir(t.Context(), plain, w.one)
	assertStoreError(t, err, "open", "", keys.ErrNotSealed)
	require.NoError(t, openDir(t, plain).Close())

	path := privateDir(t)
	_, err = keys.OpenSealedDir(t.Context(), path, nil)
	assertStoreError(t, err, "open", "", keys.ErrPassphrase)
	assert.NoDirExists(t, path)
	d, err := keys.OpenSealedDir(t.Context(), path, w.one)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	for range 2 { // empty, it is sealed all the same
		_, err = keys.OpenDir(path)
		assertStoreError(t, err, "open", "", keys.ErrSealed)
		_, err = keys.OpenSealedDir(t.Context(), path, w.two)
		assertStoreError(t, err, "open", "", keys.ErrPassphrase)
	}
	assert.Equal(t, []string{".index", ".lock", ".sealed"}, entries(t, path))
}

func TestSealedDirRefusesForeignFiles(t *testing.T) {
	w := ageWorld(t)
	path := privateDir(t)
	d, err := keys.OpenSealedDir(t.Context(), path, w.one)
	require.NoError(t, err)
	defer d.Close()
	foreign, err := w.two.Seal(t.Context(), []byte(vectorKey+"\n"))
	require.NoError(t, err)
	other, err := w.one.Seal(t.Context(), []byte("no key"))
	require.NoError(t, err)
	for text, want := range map[string]error{
		vectorKey + "\n":             keys.ErrNotSealed,
		"":                           keys.ErrMalformed,
		string(foreign):              keys.ErrPassphrase,
		string(other):                keys.ErrMalformed,
		string(other[:len(other)-1]): keys.ErrMalformed,
		string(foreign[:100]):        keys.ErrMalformed,
		string(vectorBytes(t)):       keys.ErrMalformed,
		"age-encryption.org/v2 ":     keys.ErrMalformed,
	} {
		file := filepath.Join(path, "bot.key")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := d.Load(t.Context(), "bot")
		assertStoreError(t, err, "load", "bot", want)
		assertRedacted(t, err.Error())
		_, err = keys.LoadOrGenerate(t.Context(), d, "bot")
		assert.ErrorIs(t, err, want)
		assert.ErrorIs(t, d.Reseal(t.Context(), nil), want)
		assertFile(t, file, text, 0o600)
	}
}

// A plain store that got encrypted files from elsewhere.
func TestPlainDirNamesSealedFiles(t *testing.T) {
	sealed, err := ageSealer(t).Seal(t.Context(), []byte(vectorKey))
	require.NoError(t, err)
	d := openDir(t, privateDirWith(t, "bot.key", string(sealed)))
	_, err = d.Load(t.Context(), "bot")
	assertStoreError(t, err, "load", "bot", keys.ErrSealed)
}

// waits is a sealer that takes its time.
type waits struct {
	keys.Sealer
	on             *atomic.Bool
	entered, leave chan struct{}
}

func (s waits) Open(ctx context.Context, sealed []byte) ([]byte, error) {
	if s.on.Load() {
		s.entered <- struct{}{}
		<-s.leave
	}
	return s.Sealer.Open(ctx, sealed)
}

func TestWaitingForTurnEndsWithTheContext(t *testing.T) {
	w := ageWorld(t)
	s := waits{w.one, new(atomic.Bool), make(chan struct{}), make(chan struct{})}
	path := privateDir(t)
	d, err := keys.OpenSealedDir(t.Context(), path, s)
	require.NoError(t, err)
	require.NoError(t, d.Save(t.Context(), "bot", generate(t)))
	s.on.Store(true)
	ended := make(chan error)
	go func() {
		_, err := d.Load(t.Context(), "bot")
		ended <- err
	}()
	<-s.entered
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assertStoreError(t, d.Delete(ctx, "bot"), "delete", "bot", context.DeadlineExceeded)

	go func() { ended <- d.Close() }() // waits for the one in progress
	close(s.leave)
	require.NoError(t, errors.Join(<-ended, <-ended))
	openable, err := keys.OpenSealedDir(t.Context(), path, w.one)
	require.NoError(t, err)
	require.NoError(t, openable.Close())
}
