package etcdkeys_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/ageseal"
	"github.com/go-i2p/i2psocks/keys/etcd"
)

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
	t.Parallel()
	s, ctx := etcd(t).host(t), t.Context()
	names, err := s.Names(ctx)
	require.NoError(t, err)
	assert.Empty(t, names)
	_, err = s.Load(ctx, "bot")
	assertStoreError(t, err, "load", "bot", fs.ErrNotExist)
	_, err = s.Raw(ctx, "bot")
	assertStoreError(t, err, "raw", "bot", fs.ErrNotExist)
	assertStoreError(t, s.Delete(ctx, "bot"), "delete", "bot", fs.ErrNotExist)
	assertStoreError(t, s.Save(ctx, "bot", keys.Identity{}), "save", "bot", keys.ErrMalformed)
	assert.Empty(t, get(t, s, "claim/bot"), "failing owns nothing")

	a, b := generate(t), generate(t)
	for _, name := range []string{"bot", "a-bot", "a"} {
		require.NoError(t, s.Save(ctx, name, a))
	}
	assertStoreError(t, s.Save(ctx, "bot", b), "save", "bot", fs.ErrExist)
	got, err := s.Load(ctx, "bot")
	require.NoError(t, err)
	assert.Equal(t, a.Reveal(), got.Reveal())
	put(t, s, "id/A/b", "not a name")
	names, err = s.Names(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "a-bot", "bot"}, names)

	require.NoError(t, s.Delete(ctx, "bot"))
	_, err = s.Load(ctx, "bot")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, s.Save(ctx, "bot", b), "a deleted name is free again")
}

func TestNames(t *testing.T) {
	t.Parallel()
	s, ctx := etcd(t).host(t), t.Context()
	for _, name := range []string{"", ".", "..", "../x", "a/b", "a.b", "A", "é", "a b", "a\x00", "a\n", "con", "lpt9", strings.Repeat("a", 65)} {
		_, err := s.Load(ctx, name)
		assertStoreError(t, err, "load", "", keys.ErrName)
		assertStoreError(t, s.Save(ctx, name, generate(t)), "save", "", keys.ErrName)
		assertStoreError(t, s.Delete(ctx, name), "delete", "", keys.ErrName)
		assertStoreError(t, s.Acquire(ctx, name), "acquire", "", keys.ErrName)
		assertStoreError(t, s.Rename(ctx, name, "a"), "rename", "", keys.ErrName)
		assertStoreError(t, s.Rename(ctx, "a", name), "rename", "a", keys.ErrName)
		_, err = s.Raw(ctx, name)
		assertStoreError(t, err, "raw", "", keys.ErrName)
	}
}

func TestRacingHosts(t *testing.T) {
	t.Parallel()
	const hosts = 20
	var wg sync.WaitGroup
	got := make([]keys.Identity, hosts)
	owners := make(chan int, hosts)
	for i := range hosts {
		s := etcd(t).host(t)
		wg.Go(func() {
			_, err := keys.LoadOrGenerate(t.Context(), s, "bot")
			if err == nil {
				owners <- i
			} else if !assert.ErrorIs(t, err, etcdkeys.ErrOwned) {
				return
			}
			// Each has it in the end, one after the other.
			if assert.NoError(t, s.Acquire(t.Context(), "bot")) {
				got[i], err = keys.LoadOrGenerate(t.Context(), s, "bot")
				assert.NoError(t, err)
			}
			assert.NoError(t, s.Close())
		})
	}
	wg.Wait()
	assert.NotEmpty(t, owners)
	for _, id := range got {
		assert.Equal(t, got[0].Reveal(), id.Reveal())
	}
}

func TestRacingGoroutines(t *testing.T) {
	t.Parallel()
	s := etcd(t).host(t)
	got := make([]keys.Identity, 20)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			id, err := keys.LoadOrGenerate(t.Context(), s, "bot")
			assert.NoError(t, err)
			got[i] = id
		})
	}
	wg.Wait()
	for _, id := range got {
		assert.Equal(t, got[0].Reveal(), id.Reveal())
	}
}

// What another host owns can be looked at, and nothing else.
func TestOwnedByAnother(t *testing.T) {
	t.Parallel()
	a, b, ctx := etcd(t).host(t), etcd(t).host(t), t.Context()
	a.Host = "host-a"
	id := generate(t)
	require.NoError(t, a.Save(ctx, "bot", id))
	require.NoError(t, a.Replace(ctx, "bot", generate(t)))
	for op, err := range map[string]error{
		"load":   func() error { _, err := b.Load(ctx, "bot"); return err }(),
		"Load":   func() error { _, err := b.LoadRetired(ctx, "bot", time.Time{}); return err }(),
		"delete": b.Delete(ctx, "bot"), "retire": b.Retire(ctx, "bot"), "replace": b.Replace(ctx, "bot", id),
		"rename": b.Rename(ctx, "bot", "x"), "restore": b.Restore(ctx, "bot", time.Time{}), "purge": b.Purge(ctx, "bot"),
	} {
		assertStoreError(t, err, strings.ToLower(op), "bot", etcdkeys.ErrOwned)
		assert.ErrorIs(t, err, keys.ErrLocked)
		assert.ErrorContains(t, err, `live on another host, "host-a"`)
	}
	assert.ErrorIs(t, b.Save(ctx, "bot", id), fs.ErrExist)
	assert.ErrorIs(t, b.Save(ctx, "mine", id), etcdkeys.ErrOwned, "it is live under another name")
	assert.Empty(t, get(t, b, "claim/mine")+get(t, b, "held/mine"))
	require.NoError(t, b.Save(ctx, "mine", generate(t)))
	assert.ErrorIs(t, b.Rename(ctx, "mine", "bot"), fs.ErrExist)
	list, err := b.List(ctx)
	require.NoError(t, err)
	assert.Len(t, list, 3)
	_, err = b.Raw(ctx, "bot")
	assert.NoError(t, err)
}

func passphrase(t testing.TB, p string) *ageseal.Sealer {
	s, err := ageseal.Passphrase(p)
	require.NoError(t, err)
	s.WorkFactor = 4
	return s
}

func TestSealed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, b, plain, mistyped := etcd(t).host(t), etcd(t).host(t), etcd(t).host(t), etcd(t).host(t)
	a.Sealer, b.Sealer, mistyped.Sealer = passphrase(t, "one"), passphrase(t, "one"), passphrase(t, "two")
	id, err := keys.LoadOrGenerate(ctx, a, "bot")
	require.NoError(t, err)
	assert.NotContains(t, get(t, a, "id/bot"), id.Reveal()[:40])

	for s, want := range map[*etcdkeys.Store]error{plain: keys.ErrSealed, mistyped: keys.ErrPassphrase} {
		_, err = keys.LoadOrGenerate(ctx, s, "bot")
		assert.ErrorIs(t, err, want)
		_, err = keys.LoadOrGenerate(ctx, s, "new")
		assert.ErrorIs(t, err, want, "nothing is saved under another passphrase")
		assert.ErrorIs(t, s.Acquire(ctx, "bot"), want, "a standby learns it before it is needed")
	}
	assert.Empty(t, get(t, a, "id/new"))

	// Its bytes are those of a Dir, which must be told that they were put there on purpose.
	dir := filepath.Join(t.TempDir(), "keys")
	d, err := keys.OpenSealedDir(ctx, dir, a.Sealer)
	require.NoError(t, err)
	defer d.Close()
	raw, err := b.Raw(ctx, "bot")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bot.key"), raw, 0o600))
	require.NoError(t, d.Adopt(ctx))
	got, err := d.Load(ctx, "bot")
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), got.Reveal())

	put(t, a, "id/smuggled", id.Reveal()+"\n")
	_, err = a.Load(ctx, "smuggled")
	assert.ErrorIs(t, err, keys.ErrNotSealed)
}

func TestPlainStaysPlain(t *testing.T) {
	t.Parallel()
	plain, sealed := etcd(t).host(t), etcd(t).host(t)
	sealed.Sealer = passphrase(t, "one")
	id, err := keys.LoadOrGenerate(t.Context(), plain, "bot")
	require.NoError(t, err)
	assert.Equal(t, id.Reveal()+"\n", get(t, plain, "id/bot"))
	assert.ErrorIs(t, sealed.Save(t.Context(), "new", id), keys.ErrNotSealed)
}

// Two hosts with different ideas start at the same time under an empty prefix.
func TestFirstDecidesTheSealer(t *testing.T) {
	t.Parallel()
	one, two := etcd(t).host(t), etcd(t).host(t)
	one.Sealer, two.Sealer = passphrase(t, "one"), passphrase(t, "two")
	errs := make(chan error, 2)
	for i, s := range []*etcdkeys.Store{one, two} {
		go func() { errs <- s.Save(t.Context(), "bot-"+string(rune('0'+i)), generate(t)) }()
	}
	first, second := <-errs, <-errs
	if first == nil {
		first, second = second, first
	}
	assert.NoError(t, second)
	assert.ErrorIs(t, first, keys.ErrPassphrase)
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	good := generate(t).Reveal() + "\n"
	for name, value := range map[string]string{
		"empty": "", "cut": good[:100], "text": "hello", "large": strings.Repeat("A", 64<<10+1), "huge": strings.Repeat("x", 1<<20),
		"two": generate(t).Destination().Base64() + "\n" + good,
	} {
		s, other := etcd(t).host(t), etcd(t).host(t)
		put(t, s, "id/"+name, value)
		_, err := keys.LoadOrGenerate(ctx, s, name)
		assertStoreError(t, err, "load", name, keys.ErrMalformed)
		assert.Less(t, len(err.Error()), 150)
		assert.Equal(t, value, get(t, s, "id/"+name), "it stays")
		_, err = other.Load(ctx, name)
		assert.ErrorIs(t, err, keys.ErrMalformed, "and is not owned")
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var all []*etcdkeys.Store
	for _, prefix := range []string{"", "/", "/x", "/x/id"} {
		s := etcd(t).host(t)
		s.Prefix += prefix
		all = append(all, s)
	}
	all[1].Prefix = all[0].Prefix + "2"
	for _, s := range all {
		_, err := s.Load(ctx, "bot")
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.NoError(t, s.Save(ctx, "bot", generate(t)))
		names, err := s.Names(ctx)
		require.NoError(t, err)
		assert.Equal(t, []string{"bot"}, names)
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	s := etcd(t).host(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, s.Save(ctx, "bot", generate(t)), context.Canceled)
	assert.ErrorIs(t, s.Acquire(ctx, "bot"), context.Canceled)
	_, err := s.Names(ctx)
	assert.ErrorIs(t, err, context.Canceled)

	for _, bad := range []*etcdkeys.Store{
		{}, {Client: s.Client, TTL: -1}, {Client: s.Client, TTL: 2 * time.Hour},
		{Client: s.Client, Timeout: -1}, {Client: s.Client, Host: strings.Repeat("h", 65)},
	} {
		_, err := keys.LoadOrGenerate(t.Context(), bad, "bot")
		assertStoreError(t, err, "load", "bot", fs.ErrInvalid)
		_, err = bad.List(t.Context())
		assertStoreError(t, err, "list", "", fs.ErrInvalid)
		assert.NoError(t, bad.Close())
	}
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err = s.List(t.Context())
	assertStoreError(t, err, "list", "", os.ErrClosed)
	<-s.Lost()
}
