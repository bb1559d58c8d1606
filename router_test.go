package i2psocks_test

import (
	"testing"

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
	ep := endpoint(t, bridge.Addr())
	ep.Router = &i2pd.Router{Path: "/nonexistent"}
	require.NoError(t, ep.Up(t.Context()))
	one := ep.Isolate("one")
	require.NoError(t, one.Up(t.Context()))
	bridge.Kill()
	err := ep.Isolate("two").Up(t.Context())
	assert.ErrorIs(t, err, dialer.ErrRouterDown)
	assert.NoError(t, ep.Router.Status().Err, "not started")
}

// TestNoRouterToStart: nobody answers, and there is nothing to start.
func TestNoRouterToStart(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	address := bridge.Addr()
	bridge.Kill()
	ep := endpoint(t, address)
	ep.Router = &i2pd.Router{Path: "/nonexistent"}
	err := ep.Up(t.Context())
	assert.ErrorIs(t, err, dialer.ErrRouterDown)
	assert.ErrorContains(t, err, "no i2pd to start")
	assert.ErrorIs(t, ep.Router.Status().Err, i2pd.ErrNotFound)
	require.NoError(t, bridge.Restart())
	assert.NoError(t, ep.Up(t.Context()), "asked again")
}

// TestRouterByName: the address of the bridge is never looked up.
func TestRouterByName(t *testing.T) {
	ep := endpoint(t, "router.example:7656")
	ep.Router = &i2pd.Router{Path: "/nonexistent"}
	assert.ErrorContains(t, ep.Up(t.Context()), "DNS")
	assert.NoError(t, ep.Router.Status().Err, "not started")
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
