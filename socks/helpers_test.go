package socks_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"
)

// Messages of clients and servers, as RFC 1928 and the SOCKS4A note define them.
const (
	greetNone = "05 01 00"
	choseNone = "05 00"
	toHost    = "05 01 00 03 05 61 2e 69 32 70 00 50" // a.i2p:80
	toHost4a  = "04 01 00 50 00 00 00 01 00 61 2e 69 32 70 00"
	succeeded = "05 00 00 01 00 00 00 00 00 00"
	granted   = "00 5a 00 00 00 00 00 00"
	rejected  = "00 5b 00 00 00 00 00 00"
)

// soon is within what time the server begins to look whether a client leaves.
const soon = 5 * time.Millisecond

const userWelcome = "05 02 01 00"

// asUser is what one of many users says before its request.
func asUser(i int) string { return fmt.Sprintf("05 01 02 01 01 %02x 00", byte('A'+i)) }

func failed(code byte) string { return fmt.Sprintf("05 %02x 00 01 00 00 00 00 00 00", code) }

type proxyDialer = proxy.ContextDialer

// dial is a function as a dialer.
type dial func(ctx context.Context, network, address string) (net.Conn, error)

func (d dial) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d(ctx, network, address)
}

// echo is a peer that sends back what it gets. It counts its calls.
type echo struct{ calls atomic.Int64 }

func (e *echo) DialContext(context.Context, string, string) (net.Conn, error) {
	e.calls.Add(1)
	near, far := sockstest.Pipe()
	go func() {
		defer far.Close()
		io.Copy(far, far)
	}()
	return near, nil
}

// hang never connects; it ends with its context.
var hang = dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
})

// never fails the test when something is dialled.
func never(t *testing.T) dial {
	return func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("dialled")
	}
}

func anyHost(context.Context, *socks.Request) error { return nil }

// relayed checks that the stream of c reaches an echo.
func relayed(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Write([]byte("ping"))
	require.NoError(t, err)
	got := make([]byte, 4)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, "ping", string(got))
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	require.NoError(t, err)
	return b
}

// tcpPipe returns the two ends of a connection on loopback.
func tcpPipe(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	s, err := l.Accept()
	require.NoError(t, err)
	return s.(*net.TCPConn), c.(*net.TCPConn)
}
