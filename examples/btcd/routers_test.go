package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestMeetOnRouters: nodes on two real i2pd routers.
func TestMeetOnRouters(t *testing.T) {
	nw := i2pnet.Require(t, i2pnet.Config{})
	leaktest.Guard(t)
	server, visitors := startOn(t, routertest.Endpoint(t, nw, 0))
	client, found := startOn(t, routertest.Endpoint(t, nw, 1))
	require.NoError(t, client.connect(t.Context(), server.ep.Addr().Host+":8333"))
	assert.Equal(t, addressOf(t, client)+":0", wait(t, visitors).peer.Addr())
	assert.Equal(t, addressOf(t, server)+":8333", wait(t, found).peer.Addr())
}
