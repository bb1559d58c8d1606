package socks

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sink takes what is sent, and receives nothing.
type sink struct{ net.PacketConn }

func (sink) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }
func (sink) Close() error                              { return nil }

// newTestAssociation returns an association whose client is at a socket on loopback.
func newTestAssociation(t *testing.T) *association {
	t.Helper()
	var sockets [2]*net.UDPConn
	for i := range sockets {
		u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		t.Cleanup(func() { u.Close() })
		sockets[i] = u
	}
	a := &association{srv: &Server{}, local: sockets[0], remote: sink{}, client: netip.MustParseAddr("127.0.0.1"), start: time.Now()}
	a.port.Store(uint32(sockets[1].LocalAddr().(*net.UDPAddr).Port))
	a.ctx, a.end = context.WithCancelCause(t.Context())
	a.init()
	return a
}

func TestDatagramsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	a := newTestAssociation(t)
	addr, err := wire.AppendAddr(nil, wire.Addr{Name: "friend.i2p", Port: 53})
	require.NoError(t, err)
	data := []byte("data")
	up := func() { assert.True(t, a.forward(addr, data)) }
	up()
	a.wg.Wait() // now the destination is known
	before := a.sent.Load()
	assert.LessOrEqual(t, testing.AllocsPerRun(200, up), 0.0, "to a peer")
	assert.Greater(t, a.sent.Load(), before)

	buf := make([]byte, datagramBuffer)
	from := net.Addr(target{"i2p", "friend.i2p:53"})
	down := func() { assert.True(t, a.deliver(buf, 4, from)) }
	assert.LessOrEqual(t, testing.AllocsPerRun(200, down), 0.0, "to the client")
}

// A client that tries every name must not fill the memory.
func TestAssociationTablesAreBounded(t *testing.T) {
	a := newTestAssociation(t)
	for i := range 3 * maxDestinations {
		addr, err := wire.AppendAddr(nil, wire.Addr{Name: fmt.Sprintf("a%d.i2p", i), Port: 53})
		require.NoError(t, err)
		require.True(t, a.forward(addr, []byte("data")))
		a.wg.Wait()
		a.header(target{"i2p", fmt.Sprintf("b%d.i2p:53", i)})
	}
	assert.LessOrEqual(t, len(a.destinations), maxDestinations)
	assert.LessOrEqual(t, len(a.used), maxDestinations)
	assert.LessOrEqual(t, len(a.senders), maxDestinations)
	assert.Zero(t, a.waiting)
	assert.Zero(t, a.preparing)
	assert.EqualValues(t, 3*maxDestinations, a.sent.Load())
}

// The policy also judges who may send to the client, once.
func TestSendersAreJudged(t *testing.T) {
	a := newTestAssociation(t)
	asked := 0
	a.srv.Allow = func(_ context.Context, r *Request) error {
		asked++
		assert.Equal(t, Datagram, r.Command)
		if r.Host == "evil.i2p" {
			return errNotListed
		}
		return nil
	}
	for range 3 {
		assert.Empty(t, a.header(target{"i2p", "evil.i2p:1"}))
		assert.NotEmpty(t, a.header(target{"i2p", "good.i2p:1"}))
	}
	assert.Equal(t, 2, asked)
	assert.Empty(t, a.header(nil))
	assert.Empty(t, a.header(target{"i2p", "no port"}))
}

func BenchmarkDatagram(b *testing.B) {
	a := &association{srv: &Server{}, remote: sink{}, start: time.Now()}
	a.ctx, a.end = context.WithCancelCause(b.Context())
	a.init()
	packet := append([]byte("\x00\x00\x00\x03\x0afriend.i2p\x00\x35"), make([]byte, 1000)...)
	b.ReportAllocs()
	b.SetBytes(1000)
	for b.Loop() {
		_, addr, data, _ := wire.ConsumeDatagram(packet)
		a.forward(addr, data)
	}
}
