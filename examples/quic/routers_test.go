package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestAskOnRouters: QUIC between two real i2pd routers.
func TestAskOnRouters(t *testing.T) {
	nw := i2pnet.Require(t, i2pnet.Config{})
	asked := countQuestions(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	packets := func(router int) net.PacketConn {
		ep := routertest.Endpoint(t, nw, router)
		conn, err := ep.ListenPacket(ctx, "udp", ":0")
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	server, client := packets(0), packets(1)
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- serve(serving, server) }()
	b32, _, err := net.SplitHostPort(server.LocalAddr().String())
	require.NoError(t, err)
	line := strings.Repeat("over I2P ", 10_000)
	answer, err := ask(ctx, client, b32, line)
	var late net.Error
	for errors.As(err, &late) && late.Timeout() && ctx.Err() == nil { // a handshake has a minute, routers at times take longer
		t.Log(err)
		answer, err = ask(ctx, client, b32, line)
	}
	require.NoError(t, err)
	assert.Equal(t, line, answer)
	assert.Zero(t, asked.Load())
	stop()
	assert.NoError(t, <-ended)
}
