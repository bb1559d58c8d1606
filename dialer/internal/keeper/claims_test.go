package keeper

import (
	"context"
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
func newTwins(identity byte) (a, b *routers) {
	a, b = newRouters(1), newRouters(1)
	a.keeper.Identity, b.keeper.Identity = [32]byte{identity}, [32]byte{identity}
	return a, b
}

// TestOneIdentity: who has it keeps it, up or down, until it is closed.
func TestOneIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTwins(1)
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
		other, _ := newTwins(2)
		defer other.close()
		_, err = other.keeper.Await(t.Context())
		assert.NoError(t, err, "another identity is nobody's business")
	})
}

// TestIdentityOfAFailedStart is free for others.
func TestIdentityOfAFailedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTwins(3)
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
		for i := range 20 {
			keepers.Go(func() {
				r := newRouters(1)
				r.keeper.Identity = [32]byte{4}
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
