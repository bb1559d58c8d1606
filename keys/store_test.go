package keys_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// eachStore runs test on an empty store of every kind.
func eachStore(t *testing.T, test func(t *testing.T, s keys.Store)) {
	t.Run("Memory", func(t *testing.T) { test(t, new(keys.Memory)) })
	t.Run("Dir", func(t *testing.T) { test(t, openDir(t, privateDir(t))) })
}

func generate(t testing.TB) keys.Identity {
	id, err := keys.Generate()
	require.NoError(t, err)
	return id
}

func assertStoreError(t *testing.T, err error, op, name string, cause error) {
	t.Helper()
	var e *keys.StoreError
	if assert.ErrorAs(t, err, &e) {
		assert.Equal(t, op, e.Op)
		assert.Equal(t, name, e.Name)
		assert.ErrorIs(t, err, cause)
	}
}

func TestStore(t *testing.T) {
	eachStore(t, func(t *testing.T, s keys.Store) {
		ctx := t.Context()
		names, err := s.Names(ctx)
		require.NoError(t, err)
		assert.Empty(t, names)
		_, err = s.Load(ctx, "bot")
		assertStoreError(t, err, "load", "bot", fs.ErrNotExist)
		assertStoreError(t, s.Delete(ctx, "bot"), "delete", "bot", fs.ErrNotExist)
		assertStoreError(t, s.Save(ctx, "bot", keys.Identity{}), "save", "bot", keys.ErrMalformed)

		a, b := generate(t), generate(t)
		require.NoError(t, s.Save(ctx, "bot", a))
		require.NoError(t, s.Save(ctx, "a-bot", b))
		require.NoError(t, s.Save(ctx, "a", b))
		assertStoreError(t, s.Save(ctx, "bot", b), "save", "bot", fs.ErrExist)
		assertStoreError(t, s.Save(ctx, "bot", a), "save", "bot", fs.ErrExist)

		got, err := s.Load(ctx, "bot")
		require.NoError(t, err)
		assert.Equal(t, a.Reveal(), got.Reveal())
		names, err = s.Names(ctx)
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "a-bot", "bot"}, names)

		require.NoError(t, s.Delete(ctx, "bot"))
		_, err = s.Load(ctx, "bot")
		assert.ErrorIs(t, err, fs.ErrNotExist)
		require.NoError(t, s.Save(ctx, "bot", b), "a deleted name is free again")
	})
}

func TestStoreNames(t *testing.T) {
	bad := []string{
		"", ".", "..", "../x", "a/b", `a\b`, "a.b", "/etc/passwd", "A", "é", "a b", "a\x00", "a\n", "a:b",
		"con", "nul", "aux", "prn", "com0", "com1", "lpt9", strings.Repeat("a", 65),
	}
	good := []string{"a", "0", "-", "_", "my-bot_2", "com", "com10", "console", "lptx", strings.Repeat("a", 64)}
	eachStore(t, func(t *testing.T, s keys.Store) {
		ctx := t.Context()
		id := generate(t)
		for _, name := range bad {
			_, err := s.Load(ctx, name)
			assertStoreError(t, err, "load", "", keys.ErrName)
			assertStoreError(t, s.Save(ctx, name, id), "save", "", keys.ErrName)
			assertStoreError(t, s.Delete(ctx, name), "delete", "", keys.ErrName)
			_, err = keys.LoadOrGenerate(ctx, s, name)
			assert.ErrorIs(t, err, keys.ErrName)
		}
		for _, name := range good {
			require.NoError(t, s.Save(ctx, name, id), name)
		}
		names, err := s.Names(ctx)
		require.NoError(t, err)
		assert.ElementsMatch(t, good, names)
	})
}

func TestStoreHonoursItsContext(t *testing.T) {
	eachStore(t, func(t *testing.T, s keys.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Load(ctx, "bot")
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, s.Save(ctx, "bot", generate(t)), context.Canceled)
		assert.ErrorIs(t, s.Delete(ctx, "bot"), context.Canceled)
		_, err = s.Names(ctx)
		assert.ErrorIs(t, err, context.Canceled)
		_, err = keys.LoadOrGenerate(ctx, s, "bot")
		assert.ErrorIs(t, err, context.Canceled)

		names, err := s.Names(t.Context())
		require.NoError(t, err)
		assert.Empty(t, names)
	})
}

func TestLoadOrGenerateRace(t *testing.T) {
	eachStore(t, func(t *testing.T, s keys.Store) {
		got := make([]keys.Identity, 16)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				id, err := keys.LoadOrGenerate(t.Context(), s, "bot")
				assert.NoError(t, err)
				got[i] = id
			})
		}
		wg.Wait()
		saved, err := s.Load(t.Context(), "bot")
		require.NoError(t, err)
		for _, id := range got {
			assert.Equal(t, saved.Reveal(), id.Reveal())
		}
	})
}

// overtaken is a store in which somebody else saves between Load and Save.
type overtaken struct {
	keys.Memory
	winner keys.Identity
}

func (s *overtaken) Save(ctx context.Context, name string, id keys.Identity) error {
	if err := s.Memory.Save(ctx, name, s.winner); err != nil {
		return err
	}
	return s.Memory.Save(ctx, name, id)
}

func TestLoadOrGenerateReturnsTheWinner(t *testing.T) {
	s := &overtaken{winner: generate(t)}
	id, err := keys.LoadOrGenerate(t.Context(), s, "bot")
	require.NoError(t, err)
	assert.Equal(t, s.winner.Reveal(), id.Reveal())
}

// broken fails where it is told to, and counts what it was asked to save.
type broken struct {
	keys.Memory
	load, save error
	saves      int
}

func (s *broken) Load(ctx context.Context, name string) (keys.Identity, error) {
	if s.load != nil {
		return keys.Identity{}, s.load
	}
	return s.Memory.Load(ctx, name)
}

func (s *broken) Save(context.Context, string, keys.Identity) error {
	s.saves++
	return s.save
}

func TestLoadOrGenerateReturnsEveryFailure(t *testing.T) {
	disk := errors.New("disk on fire")
	for _, load := range []error{disk, fs.ErrPermission, keys.ErrMalformed, keys.ErrPermissions} {
		s := &broken{load: load}
		id, err := keys.LoadOrGenerate(t.Context(), s, "bot")
		assert.ErrorIs(t, err, load)
		assert.True(t, id.IsZero())
		assert.Zero(t, s.saves, "an unreadable identity must not be replaced")
	}
	s := &broken{save: disk}
	id, err := keys.LoadOrGenerate(t.Context(), s, "bot")
	assert.ErrorIs(t, err, disk)
	assert.True(t, id.IsZero(), "an identity that was not kept must not be used")
}
