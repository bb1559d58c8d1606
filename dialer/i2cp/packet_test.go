package i2cp

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
)

var networks = []string{"udp", "i2p-datagram", "i2p-raw", "i2p-datagram2", "i2p-datagram3"}

// packetConn opens a port for datagrams.
func packetConn(t *testing.T, s *Session, network, address string) *PacketConn {
	t.Helper()
	pc, err := s.ListenPacket(t.Context(), network, address)
	require.NoError(t, err)
	return pc.(*PacketConn)
}

// receive reads a datagram that must come within a second.
func receive(t *testing.T, pc *PacketConn) (string, dialer.Addr) {
	t.Helper()
	require.NoError(t, pc.SetReadDeadline(time.Now().Add(time.Second)))
	b := make([]byte, 100)
	n, from, err := pc.ReadFrom(b)
	require.NoError(t, err)
	return string(b[:n]), from.(dialer.Addr)
}

// nothing says that no datagram comes within a second.
func nothing(t *testing.T, pc *PacketConn) {
	t.Helper()
	require.NoError(t, pc.SetReadDeadline(time.Now().Add(time.Second)))
	_, _, err := pc.ReadFrom(make([]byte, 100))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// Datagrams of each kind go both ways, between identities that have streams too.
func TestDatagrams(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
				a, b := on(t, nw.Start(&i2cptest.Router{Kind: kind})), on(t, nw.Start(nil))
				in, out := packetConn(t, b, network, ":2"), packetConn(t, a, network, ":1")
				n, err := out.WriteTo([]byte("question"), in.LocalAddr())
				require.NoError(t, err)
				assert.Equal(t, 8, n)
				data, from := receive(t, in)
				assert.Equal(t, "question", data)
				assert.Equal(t, uint16(1), from.Port)
				switch network {
				case "i2p-raw":
					assert.Empty(t, from.Host)
					return
				case "i2p-datagram3":
					assert.True(t, from.Destination.IsZero(), "nobody has proven anything")
				default:
					assert.Equal(t, a.Addr().Destination, from.Destination)
				}
				assert.Equal(t, a.Addr().Host, from.Host)
				_, err = in.WriteTo([]byte("answer"), from)
				require.NoError(t, err)
				data, from = receive(t, out)
				assert.Equal(t, "answer", data)
				assert.Equal(t, b.Addr().Host, from.Host)
				assert.Equal(t, PacketStats{}, in.Stats())
				assert.Equal(t, a.Addr().Host, out.LocalAddr().(dialer.Addr).Host, "one identity for everything")
				streamPair(t, a, b)
			})
		})
	}
}

// Kinds do not mix, or what nobody has proven would look proven; but DATAGRAM2 goes to who takes DATAGRAM.
func TestKindsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		for _, to := range networks[1:] {
			in := packetConn(t, b, to, ":0")
			for _, from := range networks[1:] {
				out := packetConn(t, a, from, ":1")
				_, err := out.WriteTo([]byte(from), dialer.AddrOf(b.Addr().Destination, 7))
				require.NoError(t, err)
				if from == to || from == "i2p-datagram2" && to == "i2p-datagram" {
					data, _ := receive(t, in)
					assert.Equal(t, from, data)
				} else {
					nothing(t, in)
				}
				require.NoError(t, out.Close())
			}
			require.NoError(t, in.Close())
		}
	})
}

// What comes goes to who has the port.
func TestPacketPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		out := packetConn(t, a, "udp", ":1")
		send := func(port uint16) {
			to := b.Addr()
			to.Port = port
			_, err := out.WriteTo([]byte("x"), to)
			require.NoError(t, err)
		}
		one := packetConn(t, b, "udp", ":7")
		send(7)
		receive(t, one)
		send(0)
		receive(t, one)
		send(8)
		nothing(t, one)
		other := packetConn(t, b, "udp", b.Addr().Host+":8")
		send(0)
		nothing(t, one)
		nothing(t, other)
		rest := packetConn(t, b, "udp", ":0")
		for _, port := range []uint16{0, 9} {
			send(port)
			receive(t, rest)
		}
		send(8)
		receive(t, other)
		free := packetConn(t, b, "udp", ":0")
		assert.GreaterOrEqual(t, free.LocalAddr().(dialer.Addr).Port, uint16(firstEphemeral))
		send(free.LocalAddr().(dialer.Addr).Port)
		receive(t, free)
		_, err := b.ListenPacket(t.Context(), "udp", ":7")
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		_, err = b.ListenPacket(t.Context(), "udp", "other.i2p:7")
		require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
		_, err = b.ListenPacket(t.Context(), "tcp", ":7")
		require.ErrorAs(t, err, new(net.UnknownNetworkError))
		require.NoError(t, one.Close())
		packetConn(t, b, "udp", ":7")
	})
}

// i2pd from 2.58 on answers a DATAGRAM by a DATAGRAM2.
func TestAnswerOfAnotherKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		asks, answers := packetConn(t, a, "udp", ":1"), packetConn(t, b, "i2p-datagram2", ":1")
		_, err := answers.WriteTo([]byte("answer"), asks.LocalAddr())
		require.NoError(t, err)
		data, from := receive(t, asks)
		assert.Equal(t, "answer", data)
		assert.Equal(t, b.Addr().Destination, from.Destination)
		own := packetConn(t, a, "i2p-datagram2", ":1")
		_, err = answers.WriteTo([]byte("answer"), asks.LocalAddr())
		require.NoError(t, err)
		receive(t, own)
		nothing(t, asks)
	})
}

func TestPacketToOneself(t *testing.T) {
	nw := i2cptest.NewStrict(t)
	a := on(t, nw.Start(nil))
	for _, network := range networks[1:] {
		one, two := packetConn(t, a, network, ":1"), packetConn(t, a, network, ":2")
		_, err := one.WriteTo([]byte("me"), two.LocalAddr())
		require.NoError(t, err)
		data, _ := receive(t, two)
		assert.Equal(t, "me", data)
	}
}

// The first datagram to a peer that comes up meanwhile is not lost.
func TestFirstPacket(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		a := on(t, nw.Start(&i2cptest.Router{Kind: kind}))
		b := on(t, nw.Start(&i2cptest.Router{BuildTime: 5500 * time.Millisecond})) // between two tries
		out := packetConn(t, a, "udp", ":1")
		to := b.Addr()
		to.Port = 1
		got := make(chan string, 1)
		go func() {
			in, err := b.ListenPacket(t.Context(), "udp", ":1")
			if err != nil {
				return
			}
			buf := make([]byte, 100)
			n, _, _ := in.ReadFrom(buf)
			got <- string(buf[:n])
		}()
		_, err := out.WriteTo([]byte("first"), to)
		require.NoError(t, err)
		assert.Equal(t, "first", <-got)
		assert.NotZero(t, out.Stats().Resent)
		_, err = out.WriteTo([]byte("to nobody"), (&Session{}).Addr())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		assert.LessOrEqual(t, out.Stats().Resent, uint64(20), "and given up")
	})
}

func TestPacketDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		a, b := on(t, r), on(t, nw.Start(nil))
		pc := packetConn(t, a, "udp", ":1")
		to := packetConn(t, b, "udp", ":1").LocalAddr()
		past := time.Now().Add(-time.Second)
		require.NoError(t, pc.SetDeadline(past))
		_, _, err := pc.ReadFrom(nil)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = pc.WriteTo([]byte("x"), to)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, pc.SetDeadline(time.Time{}))
		_, err = pc.WriteTo([]byte("x"), to)
		require.NoError(t, err)

		r.Kill()
		synctest.Wait()
		require.NoError(t, pc.SetWriteDeadline(time.Now().Add(time.Hour)))
		time.AfterFunc(time.Second, func() { pc.SetWriteDeadline(time.Now().Add(time.Second)) })
		begin := time.Now()
		_, err = pc.WriteTo([]byte("x"), to)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(begin))

		require.NoError(t, pc.SetDeadline(time.Time{}))
		time.AfterFunc(time.Second, func() { pc.Close() })
		_, err = pc.WriteTo([]byte("x"), to)
		require.ErrorIs(t, err, net.ErrClosed)
		for _, err := range []error{pc.Close(), pc.SetDeadline(past), pc.SetWriteDeadline(past)} {
			require.ErrorIs(t, err, net.ErrClosed)
		}
		_, _, err = pc.ReadFrom(nil)
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = pc.WriteTo([]byte("x"), to)
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

// Datagrams are waited for while the router is started again.
func TestPacketsOutliveRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		a, b := on(t, r), on(t, nw.Start(nil))
		out, in := packetConn(t, a, "udp", ":1"), packetConn(t, b, "udp", ":1")
		r.Kill()
		synctest.Wait()
		time.AfterFunc(5*time.Second, func() { r.Restart() })
		_, err := out.WriteTo([]byte("late"), in.LocalAddr())
		require.NoError(t, err)
		data, _ := receive(t, in)
		assert.Equal(t, "late", data)
	})
}

func TestPacketBadAddress(t *testing.T) {
	nw := i2cptest.NewStrict(t)
	pc := packetConn(t, on(t, nw.Start(nil)), "udp", ":1")
	_, err := pc.WriteTo(nil, nil)
	assert.ErrorIs(t, err, dialer.ErrBadDestination)
	_, err = pc.WriteTo(nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 53})
	assert.ErrorIs(t, err, dialer.ErrNotI2P)
	_, err = pc.WriteTo(nil, dialer.Addr{Host: strings.Repeat("x", 300) + ".i2p"})
	assert.ErrorIs(t, err, dialer.ErrBadDestination)
}
