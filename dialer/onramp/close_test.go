package onramp_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// What waits at Close is told that its owner has closed the backend, and not that the router is down.
func TestCloseWhileWaiting(t *testing.T) {
	r := router(t)
	to := peer(t, r)
	b, _ := backend(t)
	ln, err := b.Listen(within(t, 10*time.Second), "tcp", ":0")
	require.NoError(t, err)
	accepted := make(chan error, 1)
	go func() {
		_, err := ln.Accept()
		accepted <- err
	}()
	dialled := make(chan error, 1)
	r.Inject(samtest.Fault{On: "STREAM CONNECT", CloseAfter: samtest.BeforeReply, Stall: true})
	go func() {
		_, err := b.DialContext(t.Context(), "tcp", to.Addr().Host+":80")
		dialled <- err
	}()
	require.NoError(t, r.WaitFor(within(t, 10*time.Second), func() bool { return r.Count("STREAM CONNECT") > 0 }))
	require.NoError(t, b.Close())
	for _, c := range []chan error{accepted, dialled} {
		err := <-c
		assert.ErrorIs(t, err, dialer.ErrSessionClosed)
		assert.ErrorIs(t, err, net.ErrClosed)
	}
}
