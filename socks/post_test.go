package socks_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type packet struct {
	data string
	addr string // of the peer
}

// post is a backend for datagrams: what is sent comes out of sent, what is put into arrive is received.
type post struct {
	*node
	sent   chan packet
	arrive chan packet
	lookup func(host string) (string, error)
	fail   error
}

func newPost() *post {
	return &post{node: newNode(), sent: make(chan packet, 64), arrive: make(chan packet, 64)}
}

func (p *post) LookupAddr(ctx context.Context, host string) (string, error) {
	if p.lookup != nil {
		return p.lookup(host)
	}
	return p.node.LookupAddr(ctx, host)
}

func (p *post) ListenPacket(_ context.Context, network, address string) (net.PacketConn, error) {
	if network != "udp" || address != ":0" {
		return nil, errors.New("not asked as documented")
	}
	if p.fail != nil {
		return nil, p.fail
	}
	return &postConn{post: p, closed: make(chan struct{})}, nil
}

type postConn struct {
	net.PacketConn // for the methods that are not needed
	post           *post
	once           sync.Once
	closed         chan struct{}
}

func (c *postConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-c.post.arrive:
		return copy(b, p.data), named(p.addr), nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

func (c *postConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	if addr.Network() != "i2p" {
		return 0, errors.New("not an address of the documented network")
	}
	c.post.sent <- packet{string(b), addr.String()}
	return len(b), nil
}

func (c *postConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (p *post) expect(t *testing.T, data, addr string) {
	t.Helper()
	select {
	case got := <-p.sent:
		require.Equal(t, packet{data, addr}, got)
	case <-time.After(time.Minute):
		t.Fatalf("nothing was sent, want %q to %s", data, addr)
	}
}

// to is the address of a peer, for WriteTo.
func to(host string) net.Addr { return named(host) }

func expectPacket(t *testing.T, c net.PacketConn, data, addr string) {
	t.Helper()
	buf := make([]byte, 100)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, from, err := c.ReadFrom(buf)
	require.NoError(t, err)
	assert.Equal(t, packet{data, addr}, packet{string(buf[:n]), from.String()})
	assert.Equal(t, "i2p", from.Network())
}
