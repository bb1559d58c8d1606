package i2psocks_test

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestIdentitiesOnRouters: 20 users of one SOCKS port are 20 strangers to a site, over up to 1,000 visits in
// random order, while their router is killed and started again.
func TestIdentitiesOnRouters(t *testing.T) {
	t.Parallel()
	const users, visits, kill = 20, 1000, 500
	nw := i2pnet.Require(t, i2pnet.Config{})
	ctx := t.Context()
	site, ep := routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 1)
	ep.Isolation = i2psocks.Isolation{Max: users, Quantity: 1}
	serve(t, site, hello)
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	secret, _ := px.URL().User.Password()
	host := site.Addr().Host

	var (
		mu     sync.Mutex
		names  [users]string // who the site says that each user is
		failed atomic.Int64
	)
	come := func(user int, patience time.Duration) error {
		name, err := routertest.Visit(ctx, through(px, "user"+strconv.Itoa(user), secret), host, patience)
		if err != nil {
			failed.Add(1)
			// As a person would before trying again. Strangers that come at the same moment keep each other out.
			time.Sleep(100*time.Millisecond + rand.N(2*time.Second))
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if names[user] == "" {
			names[user] = name
		}
		assert.Equal(t, names[user], name, "user %d", user)
		return nil
	}
	// all has every user come: at once, so that their sessions come up, then those that were not let in one by one, as
	// i2pd lets a stranger in every 200 ms.
	all := func() {
		end := time.Now().Add(150 * time.Second)
		var wg sync.WaitGroup
		var errs [users]error
		for user := range users {
			wg.Go(func() { errs[user] = come(user, 20*time.Second) })
		}
		wg.Wait()
		for user, err := range errs {
			for ; err != nil; err = come(user, 20*time.Second) {
				require.True(t, time.Now().Before(end), "user %d: %v", user, err)
			}
		}
	}
	all()
	assertApart(t, append(names[:], "hello "+ep.Addr().String())...)

	begin := time.Now()
	queue := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for user := range queue {
				come(user, 5*time.Second)
			}
		})
	}
	made := 0
	for ; made < visits && time.Since(begin) < 2*time.Minute; made++ { // i2pd may need minutes, in which visits take long to fail
		if made == kill {
			nw.Kill(1)
			go nw.Restart(ctx, 1)
		}
		queue <- rand.IntN(users)
	}
	close(queue)
	workers.Wait()
	t.Logf("%d of %d visits failed, in %s", failed.Load(), made, time.Since(begin))
	assert.Greater(t, made, kill)
	begin = time.Now()
	all()
	t.Logf("all %d users came again %s later", users, time.Since(begin))
	assertApart(t, append(names[:], "hello "+ep.Addr().String())...)
	for _, s := range ep.IsolatedStatus() {
		assert.Equal(t, dialer.Up, s.Status.State)
	}
	assert.Len(t, ep.IsolatedStatus(), users)
}

// TestKillsOnRouters: five times the router dies, and the endpoint is found again under its name.
func TestKillsOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	site := routertest.Endpoint(t, nw, 0)
	site.Dir = t.TempDir()
	serve(t, site, hello)
	home := site.Addr().Host
	for kills := range 6 {
		if kills > 0 {
			nw.Kill(0)
			require.NoError(t, nw.Restart(t.Context(), 0))
		}
		// A stranger on the same router: who knew the site before may need minutes to forget it.
		t.Logf("found after %s and %d kills", reachAs(t, func() *i2psocks.Endpoint { return routertest.Endpoint(t, nw, 0) }, home), kills)
		assert.Equal(t, home, site.Addr().Host)
	}
	require.NoError(t, site.Close())
	again := routertest.Endpoint(t, nw, 0)
	again.Dir = site.Dir
	assert.Equal(t, home, again.Addr().Host)
}

// TestFailoverOnRouters: when its router dies, an endpoint goes on at another.
func TestFailoverOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{Routers: 3})
	first, second, visitor := routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 1, 2)
	serve(t, first, hello)
	serve(t, second, hello)
	reach(t, visitor, first.Addr().Host)
	nw.Kill(1)
	t.Logf("a dial at the other router succeeded after %s", reach(t, visitor, second.Addr().Host))
	assert.Equal(t, dialer.Up, visitor.Status().State)
}

// reach visits a site until it answers, with the name of the visitor, and returns how long that took.
func reach(t *testing.T, visitor *i2psocks.Endpoint, host string) time.Duration {
	return reachAs(t, func() *i2psocks.Endpoint { return visitor }, host)
}

// reachAs does so as another visitor each time.
func reachAs(t *testing.T, visitor func() *i2psocks.Endpoint, host string) time.Duration {
	begin := time.Now()
	for {
		v := visitor()
		got, err := routertest.Visit(t.Context(), v, host, 20*time.Second)
		if err == nil {
			assert.Equal(t, "hello "+v.Addr().String(), got)
			return time.Since(begin)
		}
		require.Less(t, time.Since(begin), 3*time.Minute, "%v", err)
	}
}
