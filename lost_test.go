package i2psocks_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

// sharedStore is a store of several hosts, which can lose what it holds.
type sharedStore struct {
	keys.Memory
	lost chan struct{}
}

func (s *sharedStore) Lost() <-chan struct{} { return s.lost }

// TestLost: when the store says that another host may have the identity, the endpoint is gone at once, all of it,
// whatever its streams still have to say.
func TestLost(t *testing.T) {
	t.Parallel()
	overBothFreely(t, testLost)
}

func testLost(t *testing.T, nw *network) {
	site := nw.endpoint(t)
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go func() {
		for {
			if _, err := ln.Accept(); err != nil { // and reads nothing
				return
			}
		}
	}()
	r := nw.i2pd()
	store := &sharedStore{lost: make(chan struct{})}
	ep := on(t, r)
	ep.Keys = store
	states := make(chan dialer.State, 8)
	ep.StatusChanged = func(s dialer.Status) { states <- s.State }
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	for _, d := range []dialer.Backend{ep, ep.Isolate("alice")} {
		conn, err := d.DialContext(t.Context(), "tcp", site.Addr().Host+":80")
		require.NoError(t, err)
		_, err = io.WriteString(conn, "unsaid")
		require.NoError(t, err)
	}
	require.Len(t, r.sessions(), 2)
	assert.Equal(t, []dialer.State{dialer.Starting, dialer.Up}, []dialer.State{<-states, <-states})
	close(store.lost)
	assert.Equal(t, dialer.Closed, <-states)
	require.NoError(t, r.WaitFor(t.Context(), func() bool { return len(r.sessions()) == 0 }))
	<-px.Done()
	assert.NoError(t, px.Err())
	_, err = ep.DialContext(t.Context(), "tcp", "a.i2p:80")
	assert.ErrorIs(t, err, i2psocks.ErrLost)
	assert.ErrorIs(t, err, dialer.ErrSessionClosed)
	assert.NoError(t, ep.Close())

	late := on(t, r)
	late.Keys = store
	assert.ErrorIs(t, late.Up(t.Context()), i2psocks.ErrLost)
	assert.NoError(t, late.Close())
}

// waiter is a backend whose Close waits for that of the other.
type waiter struct {
	dialer.Backend
	mine, other chan struct{}
}

func (w waiter) Close() error {
	close(w.mine)
	<-w.other
	return w.Backend.Close()
}

// TestCloseSideBySide: the endpoint's own session and the isolated ones take their time together, not in turn.
func TestCloseSideBySide(t *testing.T) {
	a, b, c := make(chan struct{}), make(chan struct{}), make(chan struct{})
	ep := &i2psocks.Endpoint{Backend: waiter{new(i2psocks.Endpoint), a, b}}
	made := 0
	ep.Isolation.New = func(context.Context) (dialer.Backend, error) {
		if made++; made == 1 {
			return waiter{new(i2psocks.Endpoint), b, c}, nil
		}
		return waiter{new(i2psocks.Endpoint), c, a}, nil
	}
	for n := range 2 {
		require.NotZero(t, ep.Isolate(fmt.Sprint(n)).Addr())
	}
	require.NotZero(t, ep.Addr())
	assert.NoError(t, ep.Close())
}

// TestCloseOfABackendNeverUsed: Close closes it all the same.
func TestCloseOfABackendNeverUsed(t *testing.T) {
	inner := new(i2psocks.Endpoint)
	assert.NoError(t, (&i2psocks.Endpoint{Backend: inner}).Close())
	assert.Equal(t, dialer.Closed, inner.Status().State)
}

func TestAbort(t *testing.T) { overBothFreely(t, testAbort) }

func testAbort(t *testing.T, nw *network) {
	r := nw.start()
	ep := on(t, r)
	require.NoError(t, ep.Up(t.Context()))
	require.NoError(t, ep.Abort())
	require.NoError(t, r.WaitFor(t.Context(), func() bool { return len(r.sessions()) == 0 }))
	assert.NoError(t, ep.Abort())
	assert.NoError(t, new(i2psocks.Endpoint).Abort(), "never used")
}
