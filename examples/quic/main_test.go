package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// countQuestions counts what is asked of the system's name servers, none of which is reached.
func countQuestions(t *testing.T) *atomic.Int64 {
	asked := new(atomic.Int64)
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no name server here")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
	_, err := net.LookupHost("counted.example")
	require.Error(t, err)
	require.Positive(t, asked.Swap(0), "questions are seen")
	return asked
}

// endpoint returns one whose datagrams go to the port of the bridge: that of a real router is found by itself.
func endpoint(bridge *samtest.Bridge) *i2psocks.Endpoint {
	return &i2psocks.Endpoint{SAM: bridge.Addr(), Configure: func(s *sam.Session) { s.UDPAddress = bridge.UDPAddr() }}
}

// TestAsk: QUIC runs over datagrams of I2P, also where the first one to a peer is lost, and no name server is asked.
func TestAsk(t *testing.T) {
	for name, router := range map[string]samtest.Router{"instant": samtest.Instant, "i2pd": samtest.I2PD259} {
		t.Run(name, func(t *testing.T) {
			asked := countQuestions(t)
			nw := samtest.NewStrict(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			server := endpoint(nw.Start(&samtest.Bridge{Router: router}))
			defer server.Close()
			packets, err := server.ListenPacket(ctx, "udp", ":0")
			require.NoError(t, err)
			defer packets.Close()
			serving, stop := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() { ended <- serve(serving, packets) }()

			client := endpoint(nw.Start(&samtest.Bridge{Router: router}))
			defer client.Close()
			mine, err := client.ListenPacket(ctx, "udp", ":0")
			require.NoError(t, err)
			defer mine.Close()
			b32, _, err := net.SplitHostPort(packets.LocalAddr().String())
			require.NoError(t, err)
			line := strings.Repeat("over I2P ", 20_000)
			answer, err := ask(ctx, mine, b32, line)
			require.NoError(t, err)
			assert.Equal(t, line, answer)
			assert.Zero(t, asked.Load())
			stop()
			assert.NoError(t, <-ended)
		})
	}
}
