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
	"github.com/go-i2p/i2psocks/dialer"
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

// unknown is a conn whose router has to look for its peer first.
type unknown struct {
	net.PacketConn
	writes atomic.Int32
}

func (u *unknown) WriteTo(p []byte, to net.Addr) (int, error) {
	if u.writes.Add(1) <= 3 {
		return 0, &net.OpError{Op: "write", Net: "i2p", Addr: to, Err: dialer.ErrLeaseSetNotFound}
	}
	return u.PacketConn.WriteTo(p, to)
}

// TestUnknownPeer: a connection does not fail because the first packets to a peer cannot be sent, as on i2pd 2.59.
func TestUnknownPeer(t *testing.T) {
	nw := samtest.NewStrict(t)
	var conns []net.PacketConn
	for range 2 {
		ep := endpoint(nw.Start(nil))
		defer ep.Close()
		conn, err := ep.ListenPacket(t.Context(), "udp", ":0")
		require.NoError(t, err)
		defer conn.Close()
		conns = append(conns, conn)
	}
	serving, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(serving, conns[0]) }()
	b32, _, err := net.SplitHostPort(conns[0].LocalAddr().String())
	require.NoError(t, err)
	answer, err := ask(t.Context(), &unknown{PacketConn: conns[1]}, b32, "hello")
	assert.NoError(t, err)
	assert.Equal(t, "hello", answer)
	stop()
	assert.NoError(t, <-ended)
}
