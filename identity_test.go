package i2psocks_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// TestIdentityBehindOneDoor: an identity that is up over SAM does not come up over I2CP, nor the other way round, whatever
// their routers say; one session after the other may have it.
func TestIdentityBehindOneDoor(t *testing.T) {
	routers := []router{overSAM(samtest.NewStrict(t)).start(), overI2CP(i2cptest.NewStrict(t)).start()}
	for i, first := range routers {
		second := routers[1-i]
		one := on(t, first)
		one.Keys = new(keys.Memory)
		require.NoError(t, one.Up(t.Context()))
		two := on(t, second)
		two.Keys = one.Keys // one that holds no lock
		err := two.Up(t.Context())
		assert.ErrorIs(t, err, dialer.ErrIdentityInUse)
		assert.ErrorContains(t, err, "this process")
		assert.NotContains(t, second.sessions(), one.Addr().Destination)
		require.NoError(t, two.Isolate("another").Up(t.Context()))
		kept, locked := on(t, first), on(t, second)
		kept.Dir = t.TempDir()
		locked.Dir = kept.Dir
		require.NoError(t, kept.Up(t.Context()))
		assert.ErrorIs(t, locked.Up(t.Context()), keys.ErrLocked, "as in another process")
		require.NoError(t, one.Close())
		require.NoError(t, two.Up(t.Context()))
		assert.Equal(t, one.Addr(), two.Addr())
		require.NoError(t, two.Close())
	}
}

// TestIdentityAtOnce: of sessions that start at once, one has the identity.
func TestIdentityAtOnce(t *testing.T) {
	over, below := samtest.NewStrict(t).Start(nil), i2cptest.NewStrict(t).Start(nil)
	id, err := keys.Generate()
	require.NoError(t, err)
	sessions := make([]dialer.Backend, 8)
	for i := range sessions {
		if i%2 == 0 {
			sessions[i] = &sam.Session{Address: over.Addr(), Identity: id}
		} else {
			sessions[i] = &i2cp.Session{Address: below.Addr(), Identity: id}
		}
	}
	var up atomic.Int32
	var all sync.WaitGroup
	for _, s := range sessions {
		all.Go(func() {
			if err := s.Up(t.Context()); err == nil {
				up.Add(1)
			} else {
				assert.ErrorIs(t, err, dialer.ErrIdentityInUse)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, up.Load())
	assert.Equal(t, 1, len(over.Sessions())+len(below.Sessions()))
	for _, s := range sessions {
		assert.NoError(t, s.Close())
	}
}
