package dialer_test

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
)

// slow is a backend whose streams take their time to be closed, as those over i2pd do.
type slow struct{ dialer.Backend }

func (slow) Status() dialer.Status { return dialer.Status{State: dialer.Up, Streams: 1} }

// TestIsolatedClosedStreamIsNoUse: a stream that is closed by its user counts no more, however long its backend takes.
func TestIsolatedClosedStreamIsNoUse(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.New = func(ctx context.Context, key string) (dialer.Backend, error) {
			b, err := x.new(ctx, key)
			return slow{b}, err
		}
		x.Max = 1
		conn, who := x.stay(t, "one")
		raw, ok := conn.(interface{ Raw() (net.Conn, bool) }).Raw()
		require.True(t, ok, "a relay can bypass it")
		assert.NotEqual(t, conn, raw)
		_, _, err := x.enter(t.Context(), "two")
		assert.ErrorIs(t, err, dialer.ErrLimit)
		assert.ErrorIs(t, err, syscall.EDQUOT)
		require.NoError(t, conn.Close())
		assert.ErrorIs(t, conn.Close(), net.ErrClosed, "it is one use")
		other := x.visit(t, "two")
		assert.NotEqual(t, who, other)
	})
}

// TestIsolatedAcceptedStreamIsUse: a stream that came to a listener outlives it.
func TestIsolatedAcceptedStreamIsUse(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max = 2
		ln, err := x.Get("host").Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		out, err := x.Get("visitor").DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		in, err := ln.Accept()
		require.NoError(t, err)
		require.NoError(t, ln.Close())
		_, _, err = x.enter(t.Context(), "third")
		assert.ErrorIs(t, err, dialer.ErrLimit)
		require.NoError(t, in.Close())
		x.visit(t, "third")
		require.NoError(t, out.Close())
	})
}

// TestIsolatedIsShared: one user cannot use up what others need.
func TestIsolatedIsShared(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max = 8
		use := func(user string) (got int) {
			for n := range 9 {
				ln, err := x.GetFor(user, fmt.Sprint(user, n)).Listen(t.Context(), "tcp", ":80")
				if err != nil {
					require.ErrorIs(t, err, dialer.ErrLimit)
					break
				}
				t.Cleanup(func() { ln.Close() })
				got++
			}
			return got
		}
		assert.Equal(t, 4, use("one"))
		assert.Equal(t, 2, use("two"))
		assert.Equal(t, 1, use("three"))
		assert.Equal(t, 1, use(""), "who need not share")
		again, err := x.GetFor("one", "one0").DialContext(t.Context(), "tcp", x.site)
		require.NoError(t, err, "a key that has its backend")
		require.NoError(t, again.Close())
	})
}
