package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestPingOnRouters: hosts on two real i2pd routers. The ping is tried again, as some deadlines of libp2p cannot be set.
func TestPingOnRouters(t *testing.T) {
	nw := i2pnet.Require(t, i2pnet.Config{})
	leaktest.Guard(t)
	_, server := startOn(t, routertest.Endpoint(t, nw, 0))
	_, client := startOn(t, routertest.Endpoint(t, nw, 1))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	target := fmt.Sprintf("%s/p2p/%s", server.Addrs()[0], server.ID())
	took, err := pingOnce(ctx, client, target)
	for err != nil && ctx.Err() == nil {
		t.Log(err)
		took, err = pingOnce(ctx, client, target)
	}
	require.NoError(t, err)
	assert.Positive(t, took)
	t.Log(took)
}
