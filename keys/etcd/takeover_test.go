package etcdkeys_test

import (
	"bufio"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/etcd"
)

const ttl = 2 * time.Second

// acquire waits for name in the background, and tells when it was had.
func acquire(t *testing.T, s *etcdkeys.Store, name string) <-chan time.Time {
	had := make(chan time.Time, 1)
	go func() {
		if assert.NoError(t, s.Acquire(t.Context(), name)) {
			had <- time.Now()
		}
		close(had)
	}()
	return had
}

// lostAt tells when a store was told that it lost.
func lostAt(s *etcdkeys.Store) <-chan time.Time {
	at := make(chan time.Time, 1)
	go func() {
		<-s.Lost()
		at <- time.Now()
	}()
	return at
}

func within(t *testing.T, at <-chan time.Time, d time.Duration) time.Time {
	t.Helper()
	select {
	case moment, ok := <-at:
		require.True(t, ok)
		return moment
	case <-time.After(d):
		require.Fail(t, "not in time")
		return time.Time{}
	}
}

func still(t *testing.T, at <-chan time.Time, d time.Duration) {
	t.Helper()
	select {
	case <-at:
		require.Fail(t, "too early")
	case <-time.After(d):
	}
}

func TestCloseAndReleaseHandOverAtOnce(t *testing.T) {
	t.Parallel()
	a, b, c := etcd(t).host(t), etcd(t).host(t), etcd(t).host(t)
	a.Host = "a"
	id, err := keys.LoadOrGenerate(t.Context(), a, "site")
	require.NoError(t, err)
	_, err = b.Load(t.Context(), "site")
	require.ErrorIs(t, err, etcdkeys.ErrOwned)
	had := acquire(t, b, "site")
	still(t, had, 200*time.Millisecond)

	require.NoError(t, a.Close())
	within(t, had, 5*time.Second) // of a TTL of a minute
	got, err := b.Load(t.Context(), "site")
	require.NoError(t, err)
	assert.Equal(t, id.Reveal(), got.Reveal())
	_, err = a.Load(t.Context(), "site")
	assert.ErrorIs(t, err, os.ErrClosed)

	had = acquire(t, c, "site")
	require.NoError(t, b.Release(t.Context(), "site"))
	require.NoError(t, b.Release(t.Context(), "site"))
	within(t, had, 5*time.Second)
	_, err = b.Load(t.Context(), "site")
	assert.ErrorIs(t, err, etcdkeys.ErrOwned)
	assert.Empty(t, lostAt(b), "releasing is not losing")
}

func TestKilledOwner(t *testing.T) {
	t.Parallel()
	n := etcd(t).network(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childAddress+"="+n.ln.Addr().String(), childPrefix+"="+prefix(t))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)

	b := n.host(t)
	var owned *etcdkeys.OwnedError
	_, err = b.Load(t.Context(), "site")
	require.ErrorAs(t, err, &owned)
	assert.Equal(t, "child", owned.Host)
	had := acquire(t, b, "site")
	still(t, had, 3*ttl/2) // it is kept alive
	killed := time.Now()
	require.NoError(t, cmd.Process.Kill())
	at := within(t, had, 20*time.Second)
	assert.GreaterOrEqual(t, at.Sub(killed), ttl, "the TTL of the record was waited for")
	id, err := b.Load(t.Context(), "site")
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(line), id.String())
	t.Logf("taken over after %v", at.Sub(killed))
}

// An owner that is cut off, with nobody to tell it, knows before anybody follows.
func TestPartition(t *testing.T) {
	t.Parallel()
	n := etcd(t).network(t)
	a, b := n.host(t), etcd(t).host(t)
	a.TTL, a.Timeout, b.TTL = ttl, time.Second, ttl
	require.NoError(t, a.Save(t.Context(), "site", generate(t)))
	lost, had := lostAt(a), acquire(t, b, "site")
	still(t, lost, 3*ttl/2)
	cut := time.Now()
	n.blackhole()
	told := within(t, lost, ttl)
	taken := within(t, had, 20*time.Second)
	t.Logf("told after %v, taken over after %v", told.Sub(cut), taken.Sub(cut))
	assert.Less(t, told.Sub(cut), ttl, "before the lease can end")
	assert.GreaterOrEqual(t, taken.Sub(told), ttl/3)

	_, err := a.Load(t.Context(), "site")
	assert.ErrorIs(t, err, etcdkeys.ErrLost)
	assert.ErrorIs(t, a.Save(t.Context(), "other", generate(t)), etcdkeys.ErrLost)
	assert.ErrorIs(t, a.Acquire(t.Context(), "site"), etcdkeys.ErrLost)
	assert.ErrorContains(t, a.Close(), "etcd did not answer")
}

// Whatever takes the claim away, the owner is told before somebody else has it.
func TestClaimTakenAway(t *testing.T) {
	for name, take := range map[string]func(t *testing.T, s *etcdkeys.Store, claim *clientv3.GetResponse){
		"deleted": func(t *testing.T, s *etcdkeys.Store, claim *clientv3.GetResponse) {
			_, err := s.Client.Delete(t.Context(), string(claim.Kvs[0].Key))
			require.NoError(t, err)
		},
		"revoked": func(t *testing.T, s *etcdkeys.Store, claim *clientv3.GetResponse) {
			_, err := s.Client.Revoke(t.Context(), clientv3.LeaseID(claim.Kvs[0].Lease))
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := etcd(t).host(t), etcd(t).host(t)
			a.TTL, b.TTL = ttl, ttl
			require.NoError(t, a.Save(t.Context(), "site", generate(t)))
			lost, had := lostAt(a), acquire(t, b, "site")
			claim, err := b.Client.Get(t.Context(), prefix(t)+"/claim/site")
			require.NoError(t, err)
			take(t, b, claim)
			told := within(t, lost, ttl)
			assert.GreaterOrEqual(t, within(t, had, 20*time.Second).Sub(told), ttl/3)
		})
	}
}

func TestLoadNoticesThatTheClaimIsGone(t *testing.T) {
	t.Parallel()
	a := etcd(t).host(t)
	require.NoError(t, a.Save(t.Context(), "site", generate(t)))
	_, err := a.Client.Delete(t.Context(), prefix(t)+"/claim/site")
	require.NoError(t, err)
	id, err := a.Load(t.Context(), "site")
	assert.ErrorIs(t, err, etcdkeys.ErrLost)
	assert.True(t, id.IsZero())
	within(t, lostAt(a), time.Second)
	require.NoError(t, a.Close())
	_, err = etcd(t).host(t).Load(t.Context(), "site")
	assert.NoError(t, err, "an orderly end needs no waiting, even then")
}

// A host that dies while it waits for a former owner leaves the wait to the next.
func TestWaitIsInherited(t *testing.T) {
	t.Parallel()
	a, b := etcd(t).host(t), etcd(t).host(t)
	a.TTL, b.TTL = ttl, ttl
	require.NoError(t, a.Save(t.Context(), "site", generate(t)))
	require.NoError(t, a.Close())
	put(t, a, "held/site", `{"host":"dead","ttl":3}`)
	began := time.Now()
	waiting := make(chan error)
	go func() { waiting <- b.Acquire(t.Context(), "site") }()
	time.Sleep(ttl / 2)
	require.NoError(t, b.Close())
	require.ErrorIs(t, <-waiting, os.ErrClosed)

	c := etcd(t).host(t)
	require.NoError(t, c.Acquire(t.Context(), "site"))
	assert.GreaterOrEqual(t, time.Since(began), ttl/2+3*time.Second)
	assert.Contains(t, get(t, c, "held/site"), `"ttl":60,`, "from now on it is its own")

	put(t, a, "held/other", "what is this")
	assert.ErrorIs(t, c.Acquire(t.Context(), "other"), keys.ErrMalformed)
	_, err := c.Load(t.Context(), "other")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// An answer that never came leaves a claim that the Store does not know.
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	a := etcd(t).host(t)
	require.NoError(t, a.Save(t.Context(), "one", generate(t)))
	resp, err := a.Client.Get(t.Context(), prefix(t)+"/claim/one")
	require.NoError(t, err)
	put(t, a, "claim/two", `{"ttl":1}`, clientv3.WithLease(clientv3.LeaseID(resp.Kvs[0].Lease)))
	put(t, a, "held/two", `{"ttl":1}`)
	began := time.Now()
	require.NoError(t, a.Save(t.Context(), "two", generate(t)))
	assert.GreaterOrEqual(t, time.Since(began), time.Second)
}

func TestEtcdRestarts(t *testing.T) {
	t.Parallel()
	c, err := newCluster()
	need(t, err)
	t.Cleanup(c.remove)
	a, b, idle := c.host(t), c.host(t), c.host(t)
	a.TTL, b.TTL, idle.TTL = 5*time.Second, time.Second, time.Second
	require.NoError(t, a.Save(t.Context(), "long", generate(t)))
	require.NoError(t, b.Save(t.Context(), "short", generate(t)))
	require.NoError(t, idle.Acquire(t.Context(), "none"))
	require.NoError(t, idle.Release(t.Context(), "none"))
	longLost, shortLost := lostAt(a), lostAt(b)
	stopped := time.Now()
	c.stop()
	assert.Less(t, within(t, shortLost, ttl).Sub(stopped), b.TTL)
	had := acquire(t, idle, "short") // it bears that etcd is away
	require.NoError(t, c.start())
	within(t, had, 20*time.Second)
	still(t, longLost, a.TTL*2/3)
	_, err = a.Load(t.Context(), "long")
	assert.NoError(t, err, "the outage was shorter than its patience")
}
