package sam

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// roaming returns a session on the first of the bridges, with the others to fall back on.
func roaming(t *testing.T, bridges ...*samtest.Bridge) *Session {
	at := make(map[string]*samtest.Bridge)
	s := &Session{DialBridge: func(ctx context.Context, _, address string) (net.Conn, error) { return at[address].Dial(ctx) }}
	for i, b := range bridges {
		address := string(rune('a'+i)) + ":7656"
		at[address] = b
		if i == 0 {
			s.Address = address
		} else {
			s.Fallbacks = append(s.Fallbacks, address)
		}
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// watchOverlap fails the test if the bridges ever have more than one session.
func watchOverlap(t *testing.T, bridges ...*samtest.Bridge) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		bridges[0].WaitFor(ctx, func() bool {
			sessions := 0
			for _, b := range bridges {
				sessions += len(b.Sessions())
			}
			assert.LessOrEqual(t, sessions, 1, "sessions of one identity")
			return false
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// onThree runs f on a network with a bridge to visit from and two to live on.
func onThree(t *testing.T, f func(t *testing.T, visitor *Session, one, two *samtest.Bridge)) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, a, one *samtest.Bridge) {
		two := nw.Start(&samtest.Bridge{Router: one.Router})
		watchOverlap(t, one, two)
		f(t, session(t, a), one, two)
	})
}

func requireGreeting(t *testing.T, visitor *Session, at dialer.Addr) {
	conn, err := visitor.DialContext(t.Context(), "tcp", at.Host+":80")
	require.NoError(t, err)
	_, err = bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

// TestFailover: the identity and its listener follow from router to router, and the session stays where it is
// when the first router returns.
func TestFailover(t *testing.T) {
	onThree(t, func(t *testing.T, visitor *Session, one, two *samtest.Bridge) {
		server := roaming(t, one, two)
		site(t, server, banner)
		home := server.Addr()
		requireGreeting(t, visitor, home)
		for _, step := range []struct{ from, to *samtest.Bridge }{{one, two}, {two, one}} {
			step.from.Kill()
			synctest.Wait()
			require.NoError(t, server.Up(t.Context()))
			synctest.Wait()
			requireGreeting(t, visitor, home)
			require.NoError(t, step.from.Restart())
			time.Sleep(time.Hour)
			assert.Empty(t, step.from.Sessions(), "the session that works is kept")
			assert.Len(t, step.to.Sessions(), 1)
		}
		assert.Equal(t, home, server.Addr())
	})
}

// TestFailoverOfLostSession: a router that only drops the session has time to forget the identity
// before it appears elsewhere.
func TestFailoverOfLostSession(t *testing.T) {
	onThree(t, func(t *testing.T, visitor *Session, one, two *samtest.Bridge) {
		server := roaming(t, one, two)
		site(t, server, banner)
		require.True(t, one.CloseSession(one.Sessions()[0].ID))
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, server.Up(t.Context()))
		assert.GreaterOrEqual(t, time.Since(begin), settle)
		synctest.Wait()
		requireGreeting(t, visitor, server.Addr())
		assert.Len(t, two.Sessions(), 1)
	})
}

// TestSameIdentityElsewhere: a session that is opened as soon as another one of the same identity was closed waits, within its
// context, until the router of that one has let go of it.
func TestSameIdentityElsewhere(t *testing.T) {
	onThree(t, func(t *testing.T, visitor *Session, one, two *samtest.Bridge) {
		first, second := roaming(t, one), roaming(t, two)
		site(t, first, banner)
		second.Identity = first.Identity
		requireGreeting(t, visitor, first.Addr())
		rest := javaRest
		if strings.HasPrefix(first.Status().Router, "i2pd") {
			rest = settle
		}
		require.NoError(t, first.Close())
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		err := second.Up(ctx)
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		assert.ErrorContains(t, err, "of the same identity ended a moment ago")
		site(t, second, banner)
		assert.GreaterOrEqual(t, time.Since(begin), rest)
		assert.Equal(t, 1, two.Count("SESSION CREATE"))
		synctest.Wait()
		requireGreeting(t, visitor, second.Addr())
	})
}

// TestFailoverAtStart: a router that is not there is passed over at once, one that dies over the
// request only after a while.
func TestFailoverAtStart(t *testing.T) {
	onThree(t, func(t *testing.T, _ *Session, one, two *samtest.Bridge) {
		one.Kill()
		require.NoError(t, roaming(t, one, two).Up(t.Context()))
	})
	onThree(t, func(t *testing.T, _ *Session, one, two *samtest.Bridge) {
		one.Inject(samtest.Fault{On: "SESSION CREATE", CloseAfter: samtest.BeforeReply})
		begin := time.Now()
		require.NoError(t, roaming(t, one, two).Up(t.Context()))
		assert.GreaterOrEqual(t, time.Since(begin), settle)
		assert.Len(t, two.Sessions(), 1)
	})
	onThree(t, func(t *testing.T, _ *Session, one, two *samtest.Bridge) {
		one.Kill()
		two.Kill()
		s := roaming(t, one, two)
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouterDown)
		assert.Equal(t, 2, s.Status().Attempts, "each was tried once")
		require.NoError(t, two.Restart())
		assert.NoError(t, s.Up(t.Context()))
	})
}

// TestNoFailoverWhileInUse: a router that has the identity in use is waited for, however often it
// is asked: elsewhere it would live twice.
func TestNoFailoverWhileInUse(t *testing.T) {
	onThree(t, func(t *testing.T, _ *Session, one, two *samtest.Bridge) {
		one.Inject(samtest.Fault{On: "SESSION CREATE", Result: "DUPLICATED_DEST", Times: 2 * 4})
		s := roaming(t, one, two)
		for range 2 {
			assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrIdentityInUse)
		}
		assert.NoError(t, s.Up(t.Context()))
		assert.Zero(t, two.Stats().Connections)
	})
}

func TestFallbacksAreChecked(t *testing.T) {
	s := &Session{Fallbacks: []string{"router.example.com:7656"}}
	assert.Error(t, s.Up(t.Context()))
	assert.Equal(t, dialer.Idle, s.Status().State)
}
