package etcdkeys_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/logtest"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/etcd"
)

// summary lists what there is as "NAME HOST..." with the identity.
func summary(t *testing.T, s *etcdkeys.Store) (lines []string) {
	list, err := s.List(t.Context())
	require.NoError(t, err)
	for _, e := range list {
		load := func() (keys.Identity, error) { return s.Load(t.Context(), e.Name) }
		kind := ""
		if !e.Retired.IsZero() {
			load = func() (keys.Identity, error) { return s.LoadRetired(t.Context(), e.Name, e.Retired) }
			kind = " retired"
		}
		id, err := load()
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now(), e.Saved, time.Minute)
		lines = append(lines, e.Name+" "+id.String()+kind)
	}
	return lines
}

func TestArchive(t *testing.T) {
	t.Parallel()
	for _, owned := range []bool{true, false} {
		t.Run(fmt.Sprint("owned ", owned), func(t *testing.T) {
			s, ctx := etcd(t).host(t), t.Context()
			a, b, c := generate(t), generate(t), generate(t)
			// step checks the state, and in one run gives all names back first.
			step := func(err error, want ...string) {
				t.Helper()
				require.NoError(t, err)
				assert.Equal(t, want, summary(t, s))
				if !owned {
					for _, name := range []string{"x", "y"} {
						require.NoError(t, s.Release(ctx, name))
						assert.Empty(t, get(t, s, "claim/"+name)+get(t, s, "held/"+name))
					}
				}
			}
			latest := time.Time{}
			step(s.Save(ctx, "x", a), "x "+a.String())
			step(s.Rename(ctx, "x", "y"), "y "+a.String())
			assert.Equal(t, owned, get(t, s, "claim/y") != "")
			assert.Empty(t, get(t, s, "claim/x"))
			step(s.Replace(ctx, "y", b), "y "+b.String(), "y "+a.String()+" retired")
			step(s.Replace(ctx, "y", c), "y "+c.String(), "y "+b.String()+" retired", "y "+a.String()+" retired")
			step(s.Restore(ctx, "y", latest), "y "+b.String(), "y "+c.String()+" retired", "y "+a.String()+" retired")
			step(s.Retire(ctx, "y"), "y "+b.String()+" retired", "y "+c.String()+" retired", "y "+a.String()+" retired")
			list, err := s.List(ctx)
			require.NoError(t, err)
			step(s.Restore(ctx, "y", list[2].Retired), "y "+a.String(), "y "+b.String()+" retired", "y "+c.String()+" retired")
			step(s.Rename(ctx, "y", "x"), "x "+a.String(), "y "+b.String()+" retired", "y "+c.String()+" retired")
			step(s.Purge(ctx, "y"), "x "+a.String())
			step(s.Purge(ctx, "y"), "x "+a.String())
			assert.Empty(t, get(t, s, "meta/y"))
		})
	}
}

func TestArchiveErrors(t *testing.T) {
	t.Parallel()
	s, ctx := etcd(t).host(t), t.Context()
	id := generate(t)
	require.NoError(t, s.Save(ctx, "x", id))
	require.NoError(t, s.Save(ctx, "y", id))
	assertStoreError(t, s.Rename(ctx, "x", "y"), "rename", "x", fs.ErrExist)
	assertStoreError(t, s.Rename(ctx, "x", "x"), "rename", "x", fs.ErrExist)
	assertStoreError(t, s.Rename(ctx, "no", "z"), "rename", "no", fs.ErrNotExist)
	assertStoreError(t, s.Replace(ctx, "no", id), "replace", "no", fs.ErrNotExist)
	assertStoreError(t, s.Replace(ctx, "x", keys.Identity{}), "replace", "x", keys.ErrMalformed)
	assertStoreError(t, s.Retire(ctx, "no"), "retire", "no", fs.ErrNotExist)
	assertStoreError(t, s.Restore(ctx, "x", time.Time{}), "restore", "x", fs.ErrNotExist)
	assertStoreError(t, s.Restore(ctx, "x", time.Now()), "restore", "x", fs.ErrNotExist)
	_, err := s.LoadRetired(ctx, "x", time.Time{})
	assertStoreError(t, err, "load", "x", fs.ErrNotExist)
	put(t, s, "old/x/yesterday", id.Reveal())
	assert.ErrorIs(t, s.Restore(ctx, "x", time.Time{}), keys.ErrMalformed)
	for _, name := range []string{"no", "z"} {
		assert.Empty(t, get(t, s, "claim/"+name)+get(t, s, "held/"+name))
	}
}

func TestDamagedIsMovedAsItIs(t *testing.T) {
	t.Parallel()
	s, ctx := etcd(t).host(t), t.Context()
	put(t, s, "id/x", "damaged")
	put(t, s, "meta/x", "damaged")
	require.NoError(t, s.Rename(ctx, "x", "y"))
	assert.Equal(t, "damaged", get(t, s, "id/y"))
	require.NoError(t, s.Replace(ctx, "y", generate(t)))
	require.NoError(t, s.Restore(ctx, "y", time.Time{}))
	assert.Equal(t, "damaged", get(t, s, "id/y"))
	list, err := s.List(ctx)
	require.NoError(t, err)
	assert.Zero(t, list[0].Saved)
}

func TestNothingShowsSecrets(t *testing.T) {
	t.Parallel()
	var out logtest.Buffer
	s, other := etcd(t).host(t), etcd(t).host(t)
	s.Sealer, s.TTL = passphrase(t, "correct horse"), ttl
	s.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Client.Password = "battery staple"
	put(t, s, "held/secretname", `{"ttl":1}`)
	id, err := keys.LoadOrGenerate(t.Context(), s, "secretname")
	require.NoError(t, err)
	_, err = other.Client.Delete(t.Context(), prefix(t)+"/claim/secretname")
	require.NoError(t, err)
	<-s.Lost()
	require.NoError(t, s.Close())
	assert.Contains(t, out.String(), "waiting for the former owner")
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "ownership of identities lost") }, time.Minute, time.Millisecond)
	assert.NotContains(t, out.String(), "secretname")

	for _, v := range []any{s, []any{s}, struct{ S *etcdkeys.Store }{s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		s.Logger.Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		require.NoError(t, json.NewEncoder(&out).Encode(v))
	}
	_, err = s.Load(t.Context(), "secretname")
	fmt.Fprintf(&out, "%+v %v", err, other.Save(t.Context(), "secretname", id))
	for _, secret := range []string{"correct horse", "battery staple", id.Reveal()[700:740]} {
		assert.False(t, strings.Contains(out.String(), secret))
	}
}

func TestLabel(t *testing.T) {
	t.Parallel()
	s, other, ctx := etcd(t).host(t), etcd(t).host(t), t.Context()
	is := func(name, want string) {
		t.Helper()
		got, err := other.Label(ctx, name)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	require.NoError(t, s.Save(ctx, "x", generate(t)))
	is("x", "")
	before, err := s.List(ctx)
	require.NoError(t, err)
	require.NoError(t, s.SetLabel(ctx, "x", "my bot"))
	after, err := s.List(ctx)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.ErrorIs(t, other.SetLabel(ctx, "x", "theirs"), etcdkeys.ErrOwned)
	is("x", "my bot")
	require.NoError(t, s.Rename(ctx, "x", "y"))
	require.NoError(t, s.Replace(ctx, "y", generate(t)))
	is("y", "my bot")
	require.NoError(t, s.SetLabel(ctx, "y", "second"))
	require.NoError(t, s.Restore(ctx, "y", time.Time{}))
	is("y", "my bot")
	require.NoError(t, s.Retire(ctx, "y"))
	require.NoError(t, s.Restore(ctx, "y", time.Time{}))
	is("y", "my bot")
	require.NoError(t, s.Restore(ctx, "y", time.Time{}))
	is("y", "second")
	assertStoreError(t, s.SetLabel(ctx, "y", "a\nb"), "setlabel", "y", keys.ErrLabel)
	assertStoreError(t, s.SetLabel(ctx, "no", "x"), "setlabel", "no", fs.ErrNotExist)
	_, err = s.Label(ctx, "no")
	assertStoreError(t, err, "label", "no", fs.ErrNotExist)
}
