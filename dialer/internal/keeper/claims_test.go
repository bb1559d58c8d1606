package keeper

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
)

// newTwins returns two Keepers of one identity, that differ in their routers.
func newTwins() (a, b *routers) {
	a, b = newRouters(1), newRouters(1)
	rand.Read(a.keeper.Identity[:])
	b.keeper.Identity = a.keeper.Identity
	return a, b
}

// TestOneIdentity: who has it keeps it, up or down, until it is closed.
func TestOneIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTwins()
		defer b.close()
		defer a.close()
		refused := func() {
			t.Helper()
			begin := time.Now()
			_, err := b.keeper.Await(t.Context())
			assert.ErrorIs(t, err, dialer.ErrIdentityInUse)
			assert.ErrorContains(t, err, "this process")
			assert.Zero(t, time.Since(begin))
			assert.Empty(t, b.tried(), "its router was not told who it is")
		}
		l, err := a.keeper.Await(t.Context())
		require.NoError(t, err)
		refused()
		a.set(0, errLost)
		l.lose(errLost)
		synctest.Wait()
		refused()
		require.Equal(t, dialer.Down, a.keeper.Status().State)

		a.keeper.Stop()
		time.AfterFunc(time.Second, a.keeper.Wait)
		_, err = b.keeper.Await(t.Context())
		assert.NoError(t, err, "waited until it was free")
		other, _ := newTwins()
		defer other.close()
		_, err = other.keeper.Await(t.Context())
		assert.NoError(t, err, "another identity is nobody's business")
	})
}

// TestIdentityOfAFailedStart is free for others.
func TestIdentityOfAFailedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTwins()
		defer b.close()
		defer a.close()
		a.set(0, errLost)
		_, err := a.keeper.Await(t.Context())
		require.Equal(t, errLost, err)
		_, err = b.keeper.Await(t.Context())
		assert.NoError(t, err)
	})
}

// TestIdentityIsNeverTwice: whoever comes, and is closed, or loses its session, there is one at a time.
func TestIdentityIsNeverTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up, most, all atomic.Int32
		var keepers sync.WaitGroup
		var identity [32]byte
		rand.Read(identity[:])
		for i := range 20 {
			keepers.Go(func() {
				r := newRouters(1)
				r.keeper.Identity = identity
				start := r.keeper.Start
				r.keeper.Start = func(ctx context.Context, router int) (*session, error) {
					most.Store(max(most.Load(), up.Add(1)))
					s, err := start(ctx, router)
					context.AfterFunc(s.ctx, func() { up.Add(-1) })
					return s, err
				}
				time.Sleep(time.Duration(i) * time.Second)
				for all.Load() < 100 {
					l, err := r.keeper.Await(t.Context())
					time.Sleep(time.Second)
					if err != nil {
						assert.ErrorIs(t, err, dialer.ErrIdentityInUse)
						continue
					}
					l.lose(errLost)
					if all.Add(1)%3 == 0 {
						break
					}
				}
				r.close()
			})
		}
		keepers.Wait()
		assert.EqualValues(t, 1, most.Load())
		assert.Positive(t, all.Load())
	})
}

// TestIdentityRests: a start waits, within its context, until the router of the session before has let go.
func TestIdentityRests(t *testing.T) {
	const endRest, start = time.Second + 5*time.Second, time.Second
	for name, tc := range map[string]struct {
		before func(t *testing.T, a *routers)
		took   time.Duration
	}{
		"closed": {func(t *testing.T, a *routers) {
			_, err := a.keeper.Await(t.Context())
			require.NoError(t, err)
			a.keeper.Stop()
			go a.keeper.Wait()
		}, endRest + start},
		"closed while it starts": {func(t *testing.T, a *routers) {
			go a.keeper.Await(t.Context())
			synctest.Wait()
			a.keeper.Stop()
			go a.keeper.Wait()
		}, start + endRest + start},
		"closed after it was lost": {func(t *testing.T, a *routers) {
			l, err := a.keeper.Await(t.Context())
			require.NoError(t, err)
			l.lose(errLost)
			time.Sleep(time.Second)
			a.close()
		}, 7*time.Second + start},
		"unclear whether it was made": {func(t *testing.T, a *routers) {
			a.set(0, &Unsettled{errLost})
			_, err := a.keeper.Await(t.Context())
			require.ErrorIs(t, err, errLost)
		}, 7*time.Second + start},
		"never made": {func(t *testing.T, a *routers) {
			a.set(0, errLost)
			_, err := a.keeper.Await(t.Context())
			require.ErrorIs(t, err, errLost)
		}, start},
		"closed and never used": {func(_ *testing.T, a *routers) { a.close() }, start},
		"long ago": {func(t *testing.T, a *routers) {
			_, err := a.keeper.Await(t.Context())
			require.NoError(t, err)
			a.close()
			time.Sleep(time.Minute)
			claims.Lock()
			defer claims.Unlock()
			assert.NotContains(t, claims.of, a.keeper.Identity, "nothing is kept of it")
		}, start},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newTwins()
				defer b.close()
				defer a.close()
				tc.before(t, a)
				begin := time.Now()
				if tc.took > start {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
					defer cancel()
					_, err := b.keeper.Await(ctx)
					assert.ErrorIs(t, err, dialer.ErrTimeout)
					assert.ErrorContains(t, err, errRests.Error())
					assert.Empty(t, b.tried())
				}
				_, err := b.keeper.Await(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, tc.took, time.Since(begin))
			})
		})
	}
}

// TestSameKeeperRests: who does not know whether the router has the identity does not come back at once either.
func TestSameKeeperRests(t *testing.T) {
	on(t, 2, func(t *testing.T, r *routers) {
		r.set(0, &Unsettled{errLost})
		r.set(1, &Unsettled{errLost})
		_, err := r.keeper.Await(t.Context())
		require.ErrorIs(t, err, errLost)
		r.set(0, nil)
		begin := time.Now()
		_, err = r.keeper.Await(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, r.keeper.Settle+time.Second, time.Since(begin))
	})
}

// TestCloseWhileItRests: nobody waits for the end of a rest that is not wanted any more.
func TestCloseWhileItRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTwins()
		_, err := a.keeper.Await(t.Context())
		require.NoError(t, err)
		a.keeper.Stop() // and is not gone until later
		for _, next := range []func(){func() {}, a.keeper.Wait} {
			next()
			up := make(chan error, 1)
			go func() {
				_, err := b.keeper.Await(t.Context())
				up <- err
			}()
			time.Sleep(time.Second)
			begin := time.Now()
			b.close()
			assert.ErrorIs(t, <-up, dialer.ErrSessionClosed)
			assert.Zero(t, time.Since(begin))
			assert.Empty(t, b.tried())
			c := newRouters(1)
			c.keeper.Identity, b = a.keeper.Identity, c
		}
		defer b.close()
		_, err = b.keeper.Await(t.Context())
		assert.NoError(t, err, "the rest of the first goes on")
	})
}
