package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// TestMeetOnRouters: nodes on two real i2pd routers.
func TestMeetOnRouters(t *testing.T) {
	nw := i2pnet.Require(t, i2pnet.Config{})
	leaktest.Guard(t)
	on := func(router int) *i2psocks.Endpoint {
		direct := sam.Tunnels{Length: -1} // as lease sets of longer tunnels are not found at once in so small a network
		return &i2psocks.Endpoint{SAM: nw.SAM(router), DialBridge: nw.DialContext, Inbound: direct, Outbound: direct}
	}
	server, visitors := startOn(t, on(0))
	client, found := startOn(t, on(1))
	require.NoError(t, client.connect(t.Context(), server.ep.Addr().Host+":8333"))
	assert.Equal(t, addressOf(t, client)+":0", wait(t, visitors).peer.Addr())
	assert.Equal(t, addressOf(t, server)+":8333", wait(t, found).peer.Addr())
}
