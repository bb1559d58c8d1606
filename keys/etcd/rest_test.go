package etcdkeys_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys/etcd"
)

// rest is how long destinations rest in tests.
const rest = time.Second

// records returns those that say how long to wait for an owner of a destination.
func records(t *testing.T, s *etcdkeys.Store) (all []string) {
	resp, err := s.Client.Get(t.Context(), prefix(t)+"/held/.", clientv3.WithPrefix())
	require.NoError(t, err)
	for _, kv := range resp.Kvs {
		all = append(all, string(kv.Value))
	}
	return all
}

// TestDestinationRests: the name is free at once, and the destination when the router of the last owner has let go of it.
func TestDestinationRests(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, a *etcdkeys.Store){
		"closed":   func(t *testing.T, a *etcdkeys.Store) { require.NoError(t, a.Close()) },
		"released": func(t *testing.T, a *etcdkeys.Store) { require.NoError(t, a.Release(t.Context(), "site")) },
		"renamed and back": func(t *testing.T, a *etcdkeys.Store) {
			require.NoError(t, a.Rename(t.Context(), "site", "other"))
			require.NoError(t, a.Rename(t.Context(), "other", "site"))
			require.Contains(t, records(t, a)[0], `"ttl":60,`, "it goes on")
			require.NoError(t, a.Release(t.Context(), "site"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := etcd(t).host(t), etcd(t).host(t)
			require.NoError(t, a.Save(t.Context(), "site", generate(t)))
			end(t, a)
			began := time.Now()
			require.NoError(t, b.Acquire(t.Context(), "site"))
			ctx, cancel := context.WithTimeout(t.Context(), rest/4)
			defer cancel()
			_, err := b.Load(ctx, "site")
			require.Error(t, err)
			assert.NotErrorIs(t, err, etcdkeys.ErrOwned)
			for _, r := range records(t, b) {
				assert.Contains(t, r, `"ttl":1`, "who gives up leaves no longer wait")
			}
			_, err = b.Load(t.Context(), "site")
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(began), rest)
			require.Len(t, records(t, b), 1)
			assert.Contains(t, records(t, b)[0], `"ttl":60,`, "from now on it is its own")
		})
	}
}

// TestRestEnds: whoever comes later finds nothing to wait for.
func TestRestEnds(t *testing.T) {
	t.Parallel()
	a, b := etcd(t).host(t), etcd(t).host(t)
	require.NoError(t, a.Save(t.Context(), "site", generate(t)))
	require.NoError(t, a.Close())
	assert.Len(t, records(t, b), 1)
	require.Eventually(t, func() bool { return len(records(t, b)) == 0 }, 30*time.Second, 10*time.Millisecond)
	_, err := b.Load(t.Context(), "site")
	assert.NoError(t, err)
}

// TestWhatWasNotGivenOutDoesNotRest: nobody can have served it.
func TestWhatWasNotGivenOutDoesNotRest(t *testing.T) {
	t.Parallel()
	a, b := etcd(t).host(t), etcd(t).host(t)
	require.NoError(t, a.Save(t.Context(), "site", generate(t)))
	require.NoError(t, a.Close())
	require.Eventually(t, func() bool { return len(records(t, b)) == 0 }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, b.Acquire(t.Context(), "site"))
	require.NoError(t, b.Release(t.Context(), "site"))
	require.NoError(t, b.Replace(t.Context(), "site", generate(t)))
	assert.Empty(t, records(t, b))
}

// TestCloseOfMany: each request of Close has the time that requests have, however many there are.
func TestCloseOfMany(t *testing.T) {
	t.Parallel()
	n := etcd(t).network(t)
	a, b := n.host(t), etcd(t).host(t)
	a.Timeout = 4 * time.Second
	names := []string{"a", "b", "c", "d", "e"}
	for _, name := range names {
		require.NoError(t, a.Save(t.Context(), name, generate(t)))
	}
	n.slow.Store(int64(400 * time.Millisecond))
	require.NoError(t, a.Close())
	for _, name := range names {
		require.NoError(t, b.Acquire(t.Context(), name))
	}
}
