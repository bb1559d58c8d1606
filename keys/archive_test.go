package keys_test

import (
	"context"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// eachArchive runs test on an empty archive of every kind.
func eachArchive(t *testing.T, test func(t *testing.T, a keys.Archive)) {
	eachStore(t, func(t *testing.T, s keys.Store) { test(t, s.(keys.Archive)) })
}

func load(t *testing.T, a keys.Archive, name string) keys.Identity {
	id, err := a.Load(t.Context(), name)
	require.NoError(t, err)
	return id
}

func list(t *testing.T, a keys.Archive) []keys.Entry {
	l, err := a.List(t.Context())
	require.NoError(t, err)
	return l
}

func TestArchiveList(t *testing.T) {
	eachArchive(t, func(t *testing.T, a keys.Archive) {
		ctx := t.Context()
		assert.Empty(t, list(t, a))
		start := time.Now().Add(-2 * time.Second) // files may have coarse times
		for _, name := range []string{"bot", "a-bot", "a"} {
			require.NoError(t, a.Save(ctx, name, generate(t)))
		}
		for range 3 {
			_, err := keys.Rotate(ctx, a, "bot")
			require.NoError(t, err)
		}
		require.NoError(t, a.Retire(ctx, "a"))

		got := list(t, a)
		require.Len(t, got, 6)
		assert.Equal(t, "a", got[0].Name)
		assert.False(t, got[0].Retired.IsZero())
		assert.Equal(t, "a-bot", got[1].Name)
		assert.True(t, got[2].Retired.IsZero(), "the one in use comes first")
		for i, e := range got {
			assert.True(t, e.Saved.After(start) && !e.Saved.After(time.Now()), e.Saved)
			assert.Equal(t, time.UTC, e.Saved.Location())
			if i > 2 {
				assert.Equal(t, "bot", e.Name)
				assert.False(t, e.Retired.IsZero())
			}
			if i > 3 {
				assert.True(t, e.Retired.Before(got[i-1].Retired), "the latest first, and none alike")
			}
		}
		names, err := a.Names(ctx)
		require.NoError(t, err)
		assert.Equal(t, []string{"a-bot", "bot"}, names)
	})
}

func TestArchiveRename(t *testing.T) {
	eachArchive(t, func(t *testing.T, a keys.Archive) {
		ctx := t.Context()
		bot, other := generate(t), generate(t)
		require.NoError(t, a.Save(ctx, "bot", bot))
		require.NoError(t, a.Save(ctx, "other", other))
		assertStoreError(t, a.Rename(ctx, "bot", "other"), "rename", "bot", fs.ErrExist)
		assertStoreError(t, a.Rename(ctx, "bot", "bot"), "rename", "bot", fs.ErrExist)
		assertStoreError(t, a.Rename(ctx, "none", "new"), "rename", "none", fs.ErrNotExist)
		assertStoreError(t, a.Rename(ctx, "bot", "../x"), "rename", "bot", keys.ErrName)
		assertStoreError(t, a.Rename(ctx, "../x", "new"), "rename", "", keys.ErrName)
		assert.Equal(t, bot.Reveal(), load(t, a, "bot").Reveal())
		assert.Equal(t, other.Reveal(), load(t, a, "other").Reveal())

		require.NoError(t, a.Rename(ctx, "bot", "new"))
		assert.Equal(t, bot.Reveal(), load(t, a, "new").Reveal())
		_, err := a.Load(ctx, "bot")
		assert.ErrorIs(t, err, fs.ErrNotExist)
		require.Len(t, list(t, a), 2)
		assert.Equal(t, "new", list(t, a)[0].Name)
	})
}

func TestArchiveRotate(t *testing.T) {
	eachArchive(t, func(t *testing.T, a keys.Archive) {
		ctx := t.Context()
		_, err := keys.Rotate(ctx, a, "bot")
		assertStoreError(t, err, "replace", "bot", fs.ErrNotExist)
		assert.Empty(t, list(t, a))

		old := generate(t)
		require.NoError(t, a.Save(ctx, "bot", old))
		assertStoreError(t, a.Replace(ctx, "bot", keys.Identity{}), "replace", "bot", keys.ErrMalformed)
		fresh, err := keys.Rotate(ctx, a, "bot")
		require.NoError(t, err)
		assert.NotEqual(t, old.Destination(), fresh.Destination())
		assert.Equal(t, fresh.Reveal(), load(t, a, "bot").Reveal())

		kept, err := a.LoadRetired(ctx, "bot", time.Time{})
		require.NoError(t, err)
		assert.Equal(t, old.Reveal(), kept.Reveal())
		kept, err = a.LoadRetired(ctx, "bot", list(t, a)[1].Retired)
		require.NoError(t, err)
		assert.Equal(t, old.Reveal(), kept.Reveal())
		_, err = a.LoadRetired(ctx, "bot", time.Now())
		assertStoreError(t, err, "load", "bot", fs.ErrNotExist)
		_, err = a.LoadRetired(ctx, "other", time.Time{})
		assert.ErrorIs(t, err, fs.ErrNotExist)

		require.NoError(t, a.Restore(ctx, "bot", time.Time{}))
		assert.Equal(t, old.Reveal(), load(t, a, "bot").Reveal())
		kept, err = a.LoadRetired(ctx, "bot", time.Time{})
		require.NoError(t, err)
		assert.Equal(t, fresh.Reveal(), kept.Reveal(), "retired in exchange")
		assert.Len(t, list(t, a), 2)
	})
}

func TestArchiveRetire(t *testing.T) {
	eachArchive(t, func(t *testing.T, a keys.Archive) {
		ctx := t.Context()
		assertStoreError(t, a.Retire(ctx, "bot"), "retire", "bot", fs.ErrNotExist)
		assertStoreError(t, a.Restore(ctx, "bot", time.Time{}), "restore", "bot", fs.ErrNotExist)
		require.NoError(t, a.Purge(ctx, "bot"))

		first, second := generate(t), generate(t)
		for _, id := range []keys.Identity{first, second} {
			require.NoError(t, a.Save(ctx, "bot", id))
			require.NoError(t, a.Retire(ctx, "bot"))
			_, err := a.Load(ctx, "bot")
			assert.ErrorIs(t, err, fs.ErrNotExist)
		}
		retired := list(t, a)
		require.Len(t, retired, 2)
		require.NoError(t, a.Restore(ctx, "bot", retired[1].Retired))
		assert.Equal(t, first.Reveal(), load(t, a, "bot").Reveal())
		assertStoreError(t, a.Save(ctx, "bot", second), "save", "bot", fs.ErrExist)

		require.NoError(t, a.Save(ctx, "other", second))
		require.NoError(t, a.Retire(ctx, "other"))
		require.NoError(t, a.Purge(ctx, "bot"))
		assert.Equal(t, first.Reveal(), load(t, a, "bot").Reveal(), "the one in use stays")
		assertStoreError(t, a.Restore(ctx, "bot", time.Time{}), "restore", "bot", fs.ErrNotExist)
		require.NoError(t, a.Restore(ctx, "other", time.Time{}))
	})
}

func TestArchiveRefusesNamesAndContexts(t *testing.T) {
	eachArchive(t, func(t *testing.T, a keys.Archive) {
		id := generate(t)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		calls := map[string]func(ctx context.Context, name string) error{
			"rename":  func(ctx context.Context, name string) error { return a.Rename(ctx, name, "new") },
			"replace": func(ctx context.Context, name string) error { return a.Replace(ctx, name, id) },
			"retire":  a.Retire,
			"restore": func(ctx context.Context, name string) error { return a.Restore(ctx, name, time.Time{}) },
			"load": func(ctx context.Context, name string) error {
				_, err := a.LoadRetired(ctx, name, time.Time{})
				return err
			},
			"purge": a.Purge,
		}
		for op, call := range calls {
			assertStoreError(t, call(t.Context(), "../x"), op, "", keys.ErrName)
			assertStoreError(t, call(ended, "bot"), op, "bot", context.Canceled)
		}
		_, err := a.List(ended)
		assertStoreError(t, err, "list", "", context.Canceled)
	})
}

// Many at once: the name is never free, and no identity is lost.
func TestArchiveRotateRace(t *testing.T) {
	eachArchive(t, func(t *testing.T, a keys.Archive) {
		ctx := t.Context()
		require.NoError(t, a.Save(ctx, "bot", generate(t)))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := keys.Rotate(ctx, a, "bot")
				assert.NoError(t, err)
			})
			wg.Go(func() {
				_, err := a.Load(ctx, "bot")
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		seen := make(map[string]bool)
		for _, e := range list(t, a) {
			id := load(t, a, "bot")
			if !e.Retired.IsZero() {
				var err error
				id, err = a.LoadRetired(ctx, "bot", e.Retired)
				require.NoError(t, err)
			}
			seen[id.String()] = true
		}
		assert.Len(t, seen, 9)
	})
}

func FuzzRetiredFile(f *testing.F) {
	f.Add("bot.20260102T030405.000000006Z.old")
	f.Add("bot.20260102T030405.0Z.old")
	f.Add("a.b.20260102T030405.000000006Z.old")
	f.Fuzz(func(t *testing.T, file string) {
		name, at, ok := keys.ParseRetired(file)
		if ok {
			require.Equal(t, file, keys.RetiredFile(name, at), "one file for each")
			require.NotContains(t, name, "/")
		}
	})
}
