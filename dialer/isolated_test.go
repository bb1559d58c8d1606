package dialer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func TestIsolatedKeysAreApart(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		one, two, none := x.visit(t, "one"), x.visit(t, "two"), x.visit(t, "")
		assert.NotEqual(t, one, two)
		assert.NotEqual(t, one, none)
		assert.NotEqual(t, two, none)
		assert.Equal(t, one, x.visit(t, "one"))
		assert.Equal(t, one, x.Get("one").Addr().Host+"\n")
		assert.Len(t, x.bridge.Sessions(), 3)
		assert.Equal(t, dialer.Up, x.Get("one").Status().State)
		assert.Equal(t, dialer.Status{}, x.Get("three").Status(), "asking starts nothing")
	})
}

func TestIsolatedStatusHidesKeys(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		assert.Empty(t, x.Status())
		conn, _ := x.stay(t, "secret-one")
		x.visit(t, "secret-two")
		list := x.Status()
		require.Len(t, list, 2)
		assert.NotEqual(t, list[0].Key, list[1].Key)
		assert.NotContains(t, fmt.Sprintf("%+v", list), "secret")
		assert.Equal(t, 1, list[0].Status.Streams+list[1].Status.Streams)
		require.NoError(t, conn.Close())
	})
}

// TestIsolatedRefusesWithoutIdentity: what is outside I2P costs no identity.
func TestIsolatedRefusesWithoutIdentity(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		_, err := x.Get("one").Dial("tcp", "example.com:80")
		assert.ErrorIs(t, err, dialer.ErrNotI2P)
		_, err = x.Get("one").Dial("tcp", ".i2p:80")
		assert.ErrorIs(t, err, dialer.ErrBadDestination)
		assert.Zero(t, x.made.Load())
	})
}

// TestIsolatedLimit: a key too many gets the place of an idle one, or is refused; never the
// identity of another.
func TestIsolatedLimit(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max = 2
		one, first := x.stay(t, "one")
		two, second := x.stay(t, "two")
		_, _, err := x.enter(t.Context(), "three")
		require.ErrorIs(t, err, dialer.ErrLimit)
		_, ok := err.(*net.OpError)
		assert.True(t, ok)
		assert.Equal(t, first, x.visit(t, "one"), "those inside are not bothered")

		require.NoError(t, one.Close())
		synctest.Wait()
		third := x.visit(t, "three")
		assert.NotContains(t, []string{first, second}, third)
		assert.Equal(t, second, x.visit(t, "two"))
		again := x.visit(t, "one")
		assert.NotContains(t, []string{first, second, third}, again, "a key that comes back is somebody new")
		require.NoError(t, two.Close())
		assert.EqualValues(t, 2, x.most.Load())
	})
}

func TestIsolatedRetiresTheLeastRecent(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max = 3
		who := make(map[string]string)
		for _, key := range []string{"a", "b", "c", "a"} {
			who[key] = x.visit(t, key)
			time.Sleep(time.Second)
		}
		x.visit(t, "d")
		for _, key := range []string{"a", "c"} {
			assert.Equal(t, who[key], x.visit(t, key))
		}
		assert.NotEqual(t, who["b"], x.visit(t, "b"))
	})
}

// TestIsolatedIdle: streams, listeners and calls keep a backend, and nothing else does.
func TestIsolatedIdle(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		conn, first := x.stay(t, "stream")
		ln, err := x.Get("listener").Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		x.visit(t, "idle")
		time.Sleep(dialer.DefaultIsolatedIdle - time.Second)
		assert.Len(t, x.bridge.Sessions(), 3)
		time.Sleep(time.Hour)
		assert.Len(t, x.bridge.Sessions(), 2)
		assert.Equal(t, first, x.visit(t, "stream"))

		require.NoError(t, conn.Close())
		require.NoError(t, ln.Close())
		assert.Error(t, ln.Close(), "and counts once")
		time.Sleep(dialer.DefaultIsolatedIdle / 2)
		assert.Len(t, x.bridge.Sessions(), 2)
		time.Sleep(dialer.DefaultIsolatedIdle)
		assert.Empty(t, x.bridge.Sessions())
		assert.Empty(t, x.Status())
		assert.NotEqual(t, first, x.visit(t, "stream"))
	})
	isolated(t, func(t *testing.T, x *fixture) {
		x.Idle = -1
		first := x.visit(t, "one")
		time.Sleep(1000 * time.Hour)
		assert.Equal(t, first, x.visit(t, "one"))
	})
}

// TestIsolatedSpares: a newcomer gets an identity that was there before it came, that nobody had,
// and nobody else gets.
func TestIsolatedSpares(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max, x.Spares = 4, 2
		seen := map[string]bool{x.visit(t, "0"): true}
		for n := 1; n < 20; n++ {
			time.Sleep(time.Second)
			ready := make(map[string]bool)
			for _, s := range x.bridge.Sessions() {
				ready[s.Destination.Base32()+"\n"] = s.Ready
			}
			who := x.visit(t, fmt.Sprint(n))
			assert.True(t, ready[who], "was ready before")
			assert.False(t, seen[who], "was used before")
			seen[who] = true
		}
		assert.Len(t, x.bridge.Sessions(), 6)
		assert.EqualValues(t, 6, x.most.Load())
		time.Sleep(time.Hour)
		assert.Empty(t, x.bridge.Sessions(), "spares go when nobody comes")
	})
}

func TestIsolatedRetire(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Retire(func(string) bool { return true })
		conn, a1 := x.stay(t, "a1")
		a2, b := x.visit(t, "a2"), x.visit(t, "b")
		x.Retire(func(key string) bool { return strings.HasPrefix(key, "a") })
		_, err := conn.Read(make([]byte, 1))
		assert.Error(t, err, "in use or not")
		assert.NotEqual(t, a1, x.visit(t, "a1"))
		assert.NotEqual(t, a2, x.visit(t, "a2"))
		assert.Equal(t, b, x.visit(t, "b"))
	})
}

func TestIsolatedConcurrentFirstUse(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		var wg sync.WaitGroup
		addrs := make([]dialer.Addr, 50)
		for n := range addrs {
			wg.Go(func() { addrs[n] = x.Get("one").Addr() })
		}
		wg.Wait()
		require.NotZero(t, addrs[0])
		for _, a := range addrs {
			assert.Equal(t, addrs[0], a)
		}
		assert.EqualValues(t, 1, x.made.Load())
	})
}

// TestIsolatedRefusedStart: a failure reaches all who wait, and is not kept.
func TestIsolatedRefusedStart(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max, x.Spares = 1, 1
		works, answer, refusal := x.New, make(chan error), errors.New("refused")
		x.New = func(ctx context.Context, key string) (dialer.Backend, error) {
			if err := <-answer; err != nil {
				return nil, err
			}
			return works(ctx, key)
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { assert.ErrorIs(t, x.Get("one").Up(t.Context()), refusal) })
		}
		synctest.Wait()
		for range 2 { // the key's and the spare
			answer <- refusal
		}
		wg.Wait()
		assert.Empty(t, x.Status())
		assert.Zero(t, x.Get("two").Status())
		close(answer)
		require.NoError(t, x.Get("one").Up(t.Context()))
	})
	isolated(t, func(t *testing.T, x *fixture) {
		x.New = func(context.Context, string) (dialer.Backend, error) { return nil, nil }
		assert.Error(t, x.Get("one").Up(t.Context()))
		assert.Zero(t, x.Get("one").Addr())
		assert.Error(t, new(dialer.Isolated).Get("one").Up(t.Context()), "without New")
	})
}

// TestIsolatedAbandonedStart: what is made for nobody is given up, and takes no place.
func TestIsolatedAbandonedStart(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max = 1
		works, hang := x.New, true
		x.New = func(ctx context.Context, key string) (dialer.Backend, error) {
			if hang {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return works(ctx, key)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := x.Get("one").DialContext(ctx, "tcp", x.site)
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		synctest.Wait()
		hang = false
		require.NoError(t, x.Get("two").Up(t.Context()))
		_, err = x.Get("two").DialContext(ctx, "tcp", x.site)
		assert.ErrorIs(t, err, context.DeadlineExceeded, "a context that ended before")
	})
}

func TestIsolatedCloseDuringStart(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Spares = 1
		x.bridge.Inject(samtest.Fault{On: "SESSION CREATE", Delay: time.Hour, Times: -1})
		up := make(chan error)
		for range 3 {
			go func() { up <- x.Get("one").Up(t.Context()) }()
		}
		synctest.Wait()
		go func() { assert.NoError(t, x.Close()) }()
		require.NoError(t, x.Close())
		for range 3 {
			assert.ErrorIs(t, <-up, dialer.ErrSessionClosed)
		}
		_, err := x.Get("one").Listen(t.Context(), "tcp", ":80")
		assert.ErrorIs(t, err, dialer.ErrSessionClosed)
		assert.Zero(t, x.Get("one").Addr())
		assert.Equal(t, dialer.Closed, x.Get("one").Status().State)
	})
	isolated(t, func(t *testing.T, x *fixture) {
		x.New = func(ctx context.Context, _ string) (dialer.Backend, error) {
			<-ctx.Done()
			return session(x.bridge), nil // late
		}
		up := make(chan error)
		go func() { up <- x.Get("one").Up(t.Context()) }()
		synctest.Wait()
		require.NoError(t, x.Close())
		assert.ErrorIs(t, <-up, dialer.ErrSessionClosed)
	})
	assert.NoError(t, new(dialer.Isolated).Close(), "never used")
}
