package etcdkeys_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/etcd"
)

// TestSealedValuesHaveNames: whoever can write etcd, and has no passphrase, makes no host be another.
func TestSealedValuesHaveNames(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, b := etcd(t).host(t), etcd(t).host(t)
	a.Sealer, b.Sealer = passphrase(t, "one"), passphrase(t, "one")
	require.NoError(t, a.Save(ctx, "x", generate(t)))
	put(t, a, "id/y", get(t, a, "id/x"))
	_, err := keys.LoadOrGenerate(ctx, b, "y")
	assertStoreError(t, err, "load", "y", keys.ErrAltered)

	old, err := keys.Rotate(ctx, a, "x")
	require.NoError(t, err)
	third, err := keys.Rotate(ctx, a, "x")
	require.NoError(t, err)
	list, err := a.List(ctx)
	require.NoError(t, err)
	retired := "old/x/" + list[1].Retired.Format("20060102T150405.000000000Z")
	current, kept := get(t, a, "id/x"), get(t, a, retired)
	put(t, a, "id/x", kept)
	_, err = a.Load(ctx, "x")
	assertStoreError(t, err, "load", "x", keys.ErrAltered)
	assert.ErrorIs(t, a.Rename(ctx, "x", "z"), keys.ErrAltered)
	put(t, a, "id/x", current)
	put(t, a, retired, current)
	_, err = a.LoadRetired(ctx, "x", time.Time{})
	assertStoreError(t, err, "load", "x", keys.ErrAltered)
	assert.ErrorIs(t, a.Restore(ctx, "x", time.Time{}), keys.ErrAltered)
	put(t, a, retired, kept)

	require.NoError(t, a.Rename(ctx, "x", "z"), "the way to rename")
	got, err := a.Load(ctx, "z")
	require.NoError(t, err)
	assert.Equal(t, third.String(), got.String())
	got, err = a.LoadRetired(ctx, "x", time.Time{})
	require.NoError(t, err)
	assert.Equal(t, old.String(), got.String())
	assert.NotContains(t, dump(t, a), strings.TrimSuffix(third.String(), ".b32.i2p"), "etcd does not learn the host name")
}

// dump is all that etcd knows of a prefix.
func dump(t *testing.T, s *etcdkeys.Store) string {
	var b strings.Builder
	resp, err := s.Client.Get(t.Context(), prefix(t)+"/", clientv3.WithPrefix())
	require.NoError(t, err)
	for _, kv := range resp.Kvs {
		b.Write(kv.Key)
		b.Write(kv.Value)
	}
	return b.String()
}

// TestFormerPrefix: values without names are brought up to date by whoever comes first, and by two at once.
func TestFormerPrefix(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, b := etcd(t).host(t), etcd(t).host(t)
	a.Sealer, b.Sealer = passphrase(t, "one"), passphrase(t, "one")
	former := func(text string) string {
		sealed, err := a.Sealer.Seal(ctx, []byte(text))
		require.NoError(t, err)
		return string(sealed)
	}
	x, old := generate(t), generate(t)
	put(t, a, "sealed", former("i2p identities\n"))
	put(t, a, "id/x", former(x.Reveal()+"\n"))
	put(t, a, "id/y", former(generate(t).Reveal()+"\n"))
	put(t, a, "id/bad", "damaged")
	put(t, a, "old/x/20260102T030405.000000006Z", former(old.Reveal()+"\n"))
	errs := make(chan error, 2)
	for i, s := range []*etcdkeys.Store{a, b} {
		go func() { _, err := s.Load(ctx, []string{"x", "y"}[i]); errs <- err }()
	}
	require.NoError(t, errors.Join(<-errs, <-errs))
	got, err := a.Load(ctx, "x")
	require.NoError(t, err)
	assert.Equal(t, x.String(), got.String())
	got, err = a.LoadRetired(ctx, "x", time.Time{})
	require.NoError(t, err)
	assert.Equal(t, old.String(), got.String())
	_, err = a.Load(ctx, "bad")
	assert.ErrorIs(t, err, keys.ErrMalformed)

	put(t, a, "id/y", get(t, a, "id/x"))
	_, err = b.Load(ctx, "y")
	assert.ErrorIs(t, err, keys.ErrAltered)
	put(t, a, "id/y", former(x.Reveal()+"\n"))
	_, err = b.Load(ctx, "y")
	assert.ErrorIs(t, err, keys.ErrAltered, "nothing without a name is taken any more")
}

// TestOneDestinationOneHost: by whatever names it is known.
func TestOneDestinationOneHost(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, b := etcd(t).host(t), etcd(t).host(t)
	id := generate(t)
	require.NoError(t, a.Save(ctx, "x", id))
	assert.ErrorIs(t, b.Save(ctx, "y", id), etcdkeys.ErrOwned)
	put(t, a, "id/y", id.Reveal()+"\n") // as former versions let it happen
	_, err := b.Load(ctx, "y")
	assert.ErrorIs(t, err, etcdkeys.ErrOwned)
	_, err = a.Load(ctx, "y")
	require.NoError(t, err, "one host may have it twice")
	require.NoError(t, a.Release(ctx, "x"))
	assert.ErrorIs(t, b.Replace(ctx, "x", id), etcdkeys.ErrOwned, "a serves it as y")
	require.NoError(t, a.Release(ctx, "y"))
	_, err = b.Load(ctx, "y")
	require.NoError(t, err)
	assert.Empty(t, lostAt(a))
}

// TestRenameKeepsWhatIsServed: the address before the last rotation is served by its old owner, whatever the names.
func TestRenameKeepsWhatIsServed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, b := etcd(t).host(t), etcd(t).host(t)
	require.NoError(t, a.Save(ctx, "from", generate(t)))
	_, err := keys.Rotate(ctx, a, "from")
	require.NoError(t, err)
	_, err = a.LoadRetired(ctx, "from", time.Time{})
	require.NoError(t, err)
	require.NoError(t, a.Rename(ctx, "from", "to"))
	_, err = b.LoadRetired(ctx, "from", time.Time{})
	assert.ErrorIs(t, err, etcdkeys.ErrOwned)
	assert.ErrorIs(t, b.Restore(ctx, "to", time.Time{}), etcdkeys.ErrOwned)
	require.NoError(t, a.Release(ctx, "to"))
	_, err = b.LoadRetired(ctx, "from", time.Time{})
	assert.NoError(t, err)
}

// TestAnswerLostAndFound: a claim whose answer was lost is given back as soon as etcd is there again.
func TestAnswerLostAndFound(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	n := etcd(t).network(t)
	a, b := n.host(t), etcd(t).host(t)
	a.TTL, a.Timeout, b.TTL = 12*time.Second, 2*time.Second, ttl
	require.NoError(t, a.Save(ctx, "mine", generate(t)))
	require.NoError(t, b.Save(ctx, "late", generate(t)))
	require.NoError(t, b.Release(ctx, "late"))
	n.slow.Store(int64(100 * time.Millisecond))
	claimed := b.Client.Watch(ctx, prefix(t)+"/claim/late")
	go func() { <-claimed; n.down.Store(true) }() // while the answer is under way
	_, err := a.Load(ctx, "late")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotEmpty(t, get(t, b, "claim/late"))
	n.slow.Store(0)
	n.heal()
	within(t, acquire(t, b, "late"), 3*a.TTL)
	assert.Empty(t, lostAt(a), "it goes on with what it has")
	_, err = a.Load(ctx, "mine")
	assert.NoError(t, err)
}

// Names come and go and are many while the ownership is proved.
func TestManyClaims(t *testing.T) {
	t.Parallel()
	s, other := etcd(t).host(t), etcd(t).host(t)
	s.TTL = ttl
	lost := lostAt(s)
	var wg sync.WaitGroup
	for w := range 5 {
		wg.Go(func() {
			for i := range 50 {
				name := strings.Repeat(string(rune('a'+w)), i+1)
				assert.NoError(t, s.Acquire(t.Context(), name))
				if i%2 == 0 {
					assert.NoError(t, s.Release(t.Context(), name))
				}
			}
		})
	}
	wg.Wait()
	still(t, lost, ttl)
	_, err := other.Client.Delete(t.Context(), prefix(t)+"/claim/"+strings.Repeat("e", 50))
	require.NoError(t, err)
	within(t, lost, ttl)
}
