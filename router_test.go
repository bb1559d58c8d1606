package i2psocks_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestRouterThatRuns: what answers at SAM is taken, and stays the one, whatever happens to it.
func TestRouterThatRuns(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	ep, own := endpoint(t, bridge.Addr()), &i2pd.Router{Path: "/nonexistent"}
	ep.Router = own
	require.NoError(t, ep.Up(t.Context()))
	one := ep.Isolate("one")
	require.NoError(t, one.Up(t.Context()))
	bridge.Kill()
	err := ep.Isolate("two").Up(t.Context())
	assert.ErrorIs(t, err, dialer.ErrRouterDown)
	assert.NoError(t, own.Status().Err, "not started")
}

// TestNoRouterToStart: nobody answers, and there is nothing to start.
func TestNoRouterToStart(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	address := bridge.Addr()
	bridge.Kill()
	ep, own := endpoint(t, address), &i2pd.Router{Path: "/nonexistent"}
	ep.Router = own
	err := ep.Up(t.Context())
	assert.ErrorIs(t, err, dialer.ErrRouterDown)
	assert.ErrorContains(t, err, "the router of its own does not start")
	assert.ErrorIs(t, own.Status().Err, i2pd.ErrNotFound)
	require.NoError(t, bridge.Restart())
	assert.NoError(t, ep.Up(t.Context()), "asked again")
}

// TestRouterByName: the address of the bridge is never looked up.
func TestRouterByName(t *testing.T) {
	ep, own := endpoint(t, "router.example:7656"), &i2pd.Router{Path: "/nonexistent"}
	ep.Router = own
	assert.ErrorContains(t, ep.Up(t.Context()), "DNS")
	assert.NoError(t, own.Status().Err, "not started")
}

// TestRouterAlone: there is one way to a router.
func TestRouterAlone(t *testing.T) {
	own := &i2pd.Router{Path: "/nonexistent"}
	for name, ep := range map[string]*i2psocks.Endpoint{
		"fallbacks": {Router: own, Fallbacks: []string{"127.0.0.1:1"}},
		"backend":   {Router: own, Backend: &i2psocks.Endpoint{}},
	} {
		assert.ErrorContains(t, ep.Up(t.Context()), "Router", name)
		assert.NoError(t, ep.Close())
	}
}

// bridgeRouter is another kind of router: a bridge of a test.
type bridgeRouter struct {
	bridge *samtest.Bridge
	closed bool
}

func (r *bridgeRouter) DialSAM(ctx context.Context) (net.Conn, error) { return r.bridge.Dial(ctx) }

func (r *bridgeRouter) Close() error {
	r.closed = true
	return nil
}

// TestAnotherRouter: whatever can be dialled and closed will do.
func TestAnotherRouter(t *testing.T) {
	nw := samtest.NewStrict(t)
	absent := nw.Start(nil)
	address := absent.Addr()
	absent.Kill()
	router := &bridgeRouter{bridge: nw.Start(nil)}
	ep := &i2psocks.Endpoint{SAM: address, Router: router}
	require.NoError(t, ep.Up(t.Context()))
	require.NoError(t, ep.Isolate("alice").Up(t.Context()))
	assert.Len(t, router.bridge.Sessions(), 2)
	require.NoError(t, ep.Close())
	assert.True(t, router.closed)
}

// TestAwaitRouter: a program that is started before its router waits for it, as long as it likes.
func TestAwaitRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bridge := samtest.NewStrict(t).Start(nil)
		bridge.Kill()
		open := func(await bool) *i2psocks.Endpoint {
			ep := &i2psocks.Endpoint{AwaitRouter: await, DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) { return bridge.Dial(ctx) }}
			t.Cleanup(func() { ep.Close() })
			return ep
		}
		patient, hasty := open(true), open(false)
		assert.ErrorIs(t, hasty.Up(t.Context()), dialer.ErrRouterDown)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := patient.Up(ctx)
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		assert.ErrorIs(t, err, dialer.ErrRouterDown, "and why")
		assert.Equal(t, time.Hour, time.Since(begin))
		_, err = patient.DialContext(t.Context(), "tcp", "a.i2p:80")
		assert.ErrorIs(t, err, dialer.ErrRouterDown, "dials do not wait")

		up, listening := make(chan error, 1), make(chan error, 1)
		go func() { up <- patient.Up(t.Context()) }()
		go func() {
			_, err := patient.Listen(t.Context(), "tcp", ":80")
			listening <- err
		}()
		time.Sleep(24 * time.Hour)
		require.NoError(t, bridge.Restart())
		begin = time.Now()
		assert.NoError(t, <-up)
		assert.NoError(t, <-listening)
		assert.Less(t, time.Since(begin), 20*time.Second)

		other := open(true)
		bridge.Kill()
		go func() { up <- other.Up(t.Context()) }()
		time.Sleep(time.Minute)
		require.NoError(t, other.Close())
		assert.ErrorIs(t, <-up, dialer.ErrSessionClosed)
	})
}

// troubled is a router that knows why sessions have no tunnels.
type troubled struct{ bridgeRouter }

var errTrouble = errors.New("no peers")

func (*troubled) Problem() error { return errTrouble }

// TestProblemOfARouter: who waits for tunnels in vain is told what the router knows of the reason, and nobody else is.
func TestProblemOfARouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewNetwork()
		t.Cleanup(nw.Close)
		b := nw.Start(&samtest.Bridge{BuildTime: 4 * time.Minute})
		ep := &i2psocks.Endpoint{SAM: "127.0.0.1:1", Router: &troubled{bridgeRouter{bridge: b}}} // where nobody is
		t.Cleanup(func() { assert.NoError(t, ep.Close()) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := ep.Up(ctx)
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		assert.ErrorIs(t, err, errTrouble)
		_, err = ep.DialContext(ctx, "tcp", "a.i2p:80")
		assert.ErrorIs(t, err, errTrouble)
		_, err = ep.Listen(ctx, "tcp", ":80")
		assert.ErrorIs(t, err, errTrouble)
		require.NoError(t, ep.Up(t.Context()))
		_, err = ep.DialContext(t.Context(), "tcp", "a.i2p:80")
		assert.ErrorIs(t, err, dialer.ErrNameNotFound)
		assert.NotErrorIs(t, err, errTrouble)
	})
}
