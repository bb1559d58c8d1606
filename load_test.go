package i2psocks_test

import (
	"context"
	"io/fs"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

// slowStore is a store that answers when it is let, and counts what it was asked.
type slowStore struct {
	keys.Memory
	asked  atomic.Int32
	answer chan struct{}
	deaf   bool // it does not look at contexts
}

func (s *slowStore) Load(ctx context.Context, name string) (keys.Identity, error) {
	s.asked.Add(1)
	ended := ctx.Done()
	if s.deaf {
		ended = nil
	}
	select {
	case <-ended:
		return keys.Identity{}, context.Cause(ctx)
	case <-s.answer:
		return s.Memory.Load(ctx, name)
	}
}

// TestStuckStore: whatever the store of keys does, contexts end what waits for it, Status and Close answer at once, and
// Close ends the start.
func TestStuckStore(t *testing.T) {
	for name, deaf := range map[string]bool{"minds contexts": false, "deaf": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &slowStore{answer: make(chan struct{}), deaf: deaf}
				ep := &i2psocks.Endpoint{Keys: store, DialTimeout: time.Hour}
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				assert.ErrorIs(t, ep.Up(ctx), dialer.ErrTimeout)
				assert.ErrorIs(t, ep.Up(ctx), context.DeadlineExceeded)
				assert.Equal(t, time.Second, time.Since(begin))

				waiting := make(chan error, 3)
				go func() {
					_, err := ep.Dial("tcp", "a.i2p:80")
					waiting <- err
				}()
				go func() { _, err := ep.Listen(t.Context(), "tcp", ":80"); waiting <- err }()
				go func() { _, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0"); waiting <- err }()
				synctest.Wait()
				assert.Equal(t, dialer.Starting, ep.Status().State)
				assert.NotNil(t, ep.HTTPClient())
				require.NoError(t, ep.Close())
				for range 3 {
					assert.ErrorIs(t, <-waiting, dialer.ErrSessionClosed)
				}
				assert.Zero(t, ep.Addr())
				assert.Equal(t, dialer.Closed, ep.Status().State)
				assert.Equal(t, time.Second, time.Since(begin), "all the rest at once")
				close(store.answer)
			})
		})
	}
}

// tokenStore answers for isolated identities when it is let, and for others at once.
type tokenStore struct{ slowStore }

func (s *tokenStore) Load(ctx context.Context, name string) (keys.Identity, error) {
	if strings.HasPrefix(name, "i-") {
		return s.slowStore.Load(ctx, name)
	}
	return s.Memory.Load(ctx, name)
}

// TestStuckStoreOfTokens: the same holds for the identities of tokens.
func TestStuckStoreOfTokens(t *testing.T) {
	for name, deaf := range map[string]bool{"minds contexts": false, "deaf": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &tokenStore{slowStore{answer: make(chan struct{}), deaf: deaf}}
				ep := &i2psocks.Endpoint{Keys: store, Isolation: i2psocks.Isolation{Persistent: true}}
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := ep.Isolate("alice").DialContext(ctx, "tcp", "a.i2p:80")
				assert.ErrorIs(t, err, dialer.ErrTimeout)
				waiting := make(chan error, 1)
				go func() { waiting <- ep.Isolate("bob").Up(t.Context()) }()
				synctest.Wait()
				assert.NotEmpty(t, ep.IsolatedStatus())
				require.NoError(t, ep.Close())
				assert.ErrorIs(t, <-waiting, dialer.ErrSessionClosed)
				assert.Equal(t, time.Second, time.Since(begin), "all the rest at once")
				close(store.answer)
			})
		})
	}
}

// TestDialTimeoutBoundsTheStart, too: the caller of Dial has no context.
func TestDialTimeoutBoundsTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ep := &i2psocks.Endpoint{Keys: &slowStore{}, DialTimeout: time.Minute}
		defer ep.Close()
		begin := time.Now()
		for _, d := range []dialer.Backend{ep, ep.Isolate("alice")} {
			_, err := d.Dial("tcp", "a.i2p:80")
			assert.ErrorIs(t, err, dialer.ErrTimeout)
		}
		assert.Equal(t, 2*time.Minute, time.Since(begin))
	})
}

// TestStartIsShared: those who wait share one start, which lasts as long as one of them waits.
func TestStartIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{answer: make(chan struct{})}
		ep := &i2psocks.Endpoint{Keys: store}
		defer ep.Close()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		addrs := make(chan dialer.Addr, 2)
		for range cap(addrs) {
			go func() { addrs <- ep.Addr() }()
		}
		assert.Error(t, ep.Up(short))
		assert.EqualValues(t, 1, store.asked.Load())
		close(store.answer)
		one := <-addrs
		assert.NotZero(t, one)
		assert.Equal(t, one, <-addrs)
		assert.Equal(t, one, ep.Addr())

		lonely := &i2psocks.Endpoint{Keys: &slowStore{answer: make(chan struct{})}}
		defer lonely.Close()
		assert.Error(t, lonely.Up(short))
		synctest.Wait()
		assert.Equal(t, dialer.Idle, lonely.Status().State, "given up with the last who waited")
	})
}

// brokenStore fails once.
type brokenStore struct {
	keys.Memory
	mended atomic.Bool
}

func (s *brokenStore) Load(ctx context.Context, name string) (keys.Identity, error) {
	if !s.mended.Swap(true) {
		return keys.Identity{}, fs.ErrPermission
	}
	return s.Memory.Load(ctx, name)
}

func TestStartIsTriedAgain(t *testing.T) {
	ep := &i2psocks.Endpoint{Keys: new(brokenStore)}
	defer ep.Close()
	assert.Zero(t, ep.Addr())
	assert.NotZero(t, ep.Addr())
}

// TestFailedStartIsAnOpError: what an endpoint cannot start with is an error of the same type as all others.
func TestFailedStartIsAnOpError(t *testing.T) {
	ep := &i2psocks.Endpoint{Name: "Not A Name"}
	defer ep.Close()
	ways := map[string]func() error{
		"Up":                  func() error { return ep.Up(t.Context()) },
		"DialContext":         func() error { _, err := ep.DialContext(t.Context(), "tcp", "a.i2p:80"); return err },
		"Listen":              func() error { _, err := ep.Listen(t.Context(), "tcp", ":80"); return err },
		"LookupAddr":          func() error { _, err := ep.LookupAddr(t.Context(), "a.i2p"); return err },
		"Isolate.DialContext": func() error { _, err := ep.Isolate("x").DialContext(t.Context(), "tcp", "a.i2p:80"); return err },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			err := way()
			_, ok := err.(*net.OpError)
			assert.True(t, ok, "%T", err)
			assert.ErrorIs(t, err, keys.ErrName)
		})
	}
}
