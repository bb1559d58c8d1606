package sam

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// packets opens a PacketConn on s that ends with the test.
func packets(t *testing.T, s *Session, network string) *PacketConn {
	t.Helper()
	pc, err := s.ListenPacket(t.Context(), network, ":0")
	require.NoError(t, err)
	t.Cleanup(func() { pc.Close() })
	return pc.(*PacketConn)
}

// read returns the next packet within a minute.
func read(t *testing.T, pc net.PacketConn) (string, net.Addr) {
	t.Helper()
	require.NoError(t, pc.SetReadDeadline(time.Now().Add(time.Minute)))
	buf := make([]byte, 64<<10)
	n, from, err := pc.ReadFrom(buf)
	require.NoError(t, err)
	return string(buf[:n]), from
}

// greet has two conns exchange a packet.
func greet(t *testing.T, a, b *PacketConn) {
	t.Helper()
	_, err := a.WriteTo([]byte("hello"), b.LocalAddr())
	require.NoError(t, err)
	got, from := read(t, b)
	require.Equal(t, "hello", got)
	require.Equal(t, a.LocalAddr().(dialer.Addr).Host, from.(dialer.Addr).Host)
	_, err = b.WriteTo([]byte("hello yourself"), from)
	require.NoError(t, err)
	got, from = read(t, a)
	require.Equal(t, "hello yourself", got)
	require.Equal(t, b.LocalAddr(), from)
}

// exchange1000 sends 1,000 packets of 1 kB each way, and reports none lost, none double and all in order.
func exchange1000(t *testing.T, a, b *PacketConn, pause time.Duration) {
	t.Helper()
	done := make(chan error, 2)
	for _, pair := range [][2]*PacketConn{{a, b}, {b, a}} {
		go func() {
			packet := make([]byte, 1024)
			for i := range uint32(1000) {
				binary.BigEndian.PutUint32(packet, i)
				if _, err := pair[0].WriteTo(packet, pair[1].LocalAddr()); err != nil {
					done <- err
					return
				}
				time.Sleep(pause)
			}
			done <- nil
		}()
	}
	for i := range uint32(1000) {
		for _, pc := range []*PacketConn{a, b} {
			got, _ := read(t, pc)
			require.Len(t, got, 1024)
			require.Equal(t, i, binary.BigEndian.Uint32([]byte(got)))
		}
	}
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

func TestPackets(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		sa, sb := session(t, one), session(t, two)
		a, b := packets(t, sa, "udp"), packets(t, sb, "i2p-datagram")
		assert.NotEqual(t, sa.Addr(), a.LocalAddr(), "an identity of its own")
		assert.Equal(t, dialer.Idle, sa.Status().State, "no session for streams is needed")
		assert.Equal(t, dialer.Up, a.Status().State)
		greet(t, a, b)
		if one.Router == samtest.I2PD259 {
			exchange1000(t, a, b, 6*time.Millisecond)
		}
		assert.Equal(t, PacketStats{Resent: a.Stats().Resent}, a.Stats())
		assert.Equal(t, PacketStats{}, b.Stats())
	})
}

func TestFirstPacketIsSentAgain(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		a, b := packets(t, session(t, one), "udp"), packets(t, session(t, two), "udp")
		_, err := a.WriteTo([]byte("one"), b.LocalAddr())
		require.NoError(t, err)
		got, _ := read(t, b)
		assert.Equal(t, "one", got)
		lossy := one.Router >= samtest.I2PD245
		assert.Equal(t, lossy, a.Stats().Resent == 1)
		_, err = a.WriteTo([]byte("two"), b.LocalAddr())
		require.NoError(t, err)
		got, _ = read(t, b)
		assert.Equal(t, "two", got)
		// Who has been heard of is not new.
		_, err = b.WriteTo([]byte("three"), a.LocalAddr())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		assert.Zero(t, b.Stats().Resent)
		assert.LessOrEqual(t, a.Stats().Resent, uint64(1))
	})
}

func TestRawPackets(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		a, b := packets(t, session(t, one), "i2p-raw"), packets(t, session(t, two), "i2p-raw")
		_, err := a.WriteTo([]byte("raw"), b.LocalAddr())
		require.NoError(t, err)
		got, from := read(t, b)
		assert.Equal(t, "raw", got)
		assert.Equal(t, dialer.Addr{}, from, "nobody knows who sent it")
	})
}

// textAddr is an address as another library may have it.
type textAddr struct{ network, text string }

func (a textAddr) Network() string { return a.network }
func (a textAddr) String() string  { return a.text }

func TestPacketAddresses(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		a, b := packets(t, session(t, one), "udp"), packets(t, session(t, two), "udp")
		greet(t, a, b)
		home := b.LocalAddr().(dialer.Addr)
		nw.SetHost("hello.i2p", home.Destination)
		for _, text := range []string{home.Host + ":5", home.Destination.Base64() + ":5", "hello.i2p:5", "Hello.i2p.:5", "hello.i2p:6"} {
			_, err := a.WriteTo([]byte(text[:5]), textAddr{"i2p", text})
			require.NoError(t, err, text)
			got, _ := read(t, b)
			assert.Equal(t, text[:5], got)
		}
		lookups := one.Count("NAMING LOOKUP")
		for range 10 {
			_, err := a.WriteTo([]byte("again"), textAddr{"i2p", "hello.i2p:5"})
			require.NoError(t, err)
			read(t, b)
		}
		assert.Equal(t, lookups, one.Count("NAMING LOOKUP"), "names are remembered")
		nobody, err := keys.Generate()
		require.NoError(t, err)
		for addr, want := range map[net.Addr]error{
			textAddr{"udp", "127.0.0.1:1"}:                        dialer.ErrNotI2P,
			&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}:     dialer.ErrNotI2P,
			textAddr{"i2p", "example.com:1"}:                      dialer.ErrNotI2P,
			textAddr{"i2p", "nobody.i2p:1"}:                       dialer.ErrNameNotFound,
			textAddr{"i2p", nobody.Destination().Base32() + ":1"}: dialer.ErrLeaseSetNotFound,
			textAddr{"i2p", "hello.i2p"}:                          dialer.ErrBadDestination,
			textAddr{"i2p", "a b.i2p:1"}:                          nil,
			dialer.Addr{}:                                         nil,
		} {
			n, err := a.WriteTo([]byte("x"), addr)
			assert.Zero(t, n)
			var op *net.OpError
			require.ErrorAs(t, err, &op, "%v", addr)
			if want != nil {
				assert.ErrorIs(t, err, want, "%v", addr)
			}
		}
		_, err = a.WriteTo([]byte("x"), nil)
		assert.ErrorIs(t, err, dialer.ErrNotI2P)
	})
}

func TestPacketSizes(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		a, b := packets(t, session(t, one), "udp"), packets(t, session(t, two), "udp")
		greet(t, a, b)
		limit := 31744
		if one.Router >= samtest.I2PD245 {
			limit = 8000 - len("DATAGRAM SEND DESTINATION= SIZE=7000\n") - 524
		}
		for size, fits := range map[int]bool{0: false, 1: true, limit: true, limit + 1: false, 32768: false, 1 << 20: false} {
			n, err := a.WriteTo(bytes.Repeat([]byte("z"), size), b.LocalAddr())
			switch {
			case fits:
				require.NoError(t, err)
				assert.Equal(t, size, n)
				got, _ := read(t, b)
				assert.Len(t, got, size)
			case size == 0:
				assert.ErrorIs(t, err, errors.ErrUnsupported)
			default:
				assert.ErrorIs(t, err, ErrTooLarge, size)
				assert.ErrorIs(t, err, syscall.EMSGSIZE, size)
			}
		}
		small := make([]byte, 2)
		_, err := a.WriteTo([]byte("long"), b.LocalAddr())
		require.NoError(t, err)
		n, _, err := b.ReadFrom(small)
		require.NoError(t, err)
		assert.Equal(t, "lo", string(small[:n]), "the rest is discarded")
	})
}

// TestPacketsAfterRestart: the conn has the same address on a router that was started anew.
func TestPacketsAfterRestart(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		a, b := packets(t, session(t, one), "udp"), packets(t, session(t, two), "udp")
		home := b.LocalAddr()
		greet(t, a, b)
		reading := make(chan string)
		go func() {
			got, _ := read(t, b)
			reading <- got
		}()
		synctest.Wait()
		require.NoError(t, two.Restart())
		synctest.Wait()
		assert.Equal(t, dialer.Down, b.Status().State)
		_, err := b.WriteTo([]byte("back"), a.LocalAddr()) // waits for the router
		require.NoError(t, err)
		assert.Equal(t, home, b.LocalAddr())
		got, _ := read(t, a)
		assert.Equal(t, "back", got)
		_, err = a.WriteTo([]byte("welcome"), home)
		require.NoError(t, err)
		assert.Equal(t, "welcome", <-reading)
	})
}

func TestPacketDeadlinesAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		bridge := nw.Start(nil)
		s := session(t, bridge)
		a := packets(t, s, "udp")
		buf := make([]byte, 10)
		isTimeout := func(err error) {
			t.Helper()
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			assert.True(t, timeout.Timeout())
		}
		_, err := a.WriteTo([]byte("waits"), a.LocalAddr())
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, a.SetDeadline(time.Unix(1, 0)))
		_, _, err = a.ReadFrom(buf)
		isTimeout(err)
		_, err = a.WriteTo(buf, a.LocalAddr())
		isTimeout(err)
		require.NoError(t, a.SetDeadline(time.Time{}))
		n, _, err := a.ReadFrom(buf)
		require.NoError(t, err)
		assert.Equal(t, "waits", string(buf[:n]))

		// A deadline that is moved while somebody waits counts as moved.
		begin := time.Now()
		require.NoError(t, a.SetReadDeadline(begin.Add(time.Second)))
		time.AfterFunc(500*time.Millisecond, func() { a.SetReadDeadline(begin.Add(3 * time.Second)) })
		_, _, err = a.ReadFrom(buf)
		isTimeout(err)
		assert.Equal(t, 3*time.Second, time.Since(begin))

		// A write waits for the router until its deadline, and wakes when it is set into the past.
		bridge.Kill()
		synctest.Wait()
		begin = time.Now()
		require.NoError(t, a.SetWriteDeadline(begin.Add(time.Second)))
		_, err = a.WriteTo(buf, a.LocalAddr())
		isTimeout(err)
		assert.Equal(t, time.Second, time.Since(begin))
		require.NoError(t, a.SetWriteDeadline(time.Time{}))
		time.AfterFunc(time.Second, func() { a.SetWriteDeadline(time.Unix(1, 0)) })
		_, err = a.WriteTo(buf, a.LocalAddr())
		isTimeout(err)
		require.NoError(t, a.SetDeadline(time.Time{}))
		begin = time.Now()
		_, err = a.WriteTo(buf, a.LocalAddr())
		assert.ErrorIs(t, err, dialer.ErrTimeout, "DialTimeout bounds the write")
		assert.Equal(t, DefaultDialTimeout, time.Since(begin))

		errs := make(chan error, 2)
		go func() { _, _, err := a.ReadFrom(buf); errs <- err }()
		go func() { _, err := a.WriteTo([]byte("x"), a.LocalAddr()); errs <- err }()
		synctest.Wait()
		require.NoError(t, a.Close())
		assert.ErrorIs(t, <-errs, net.ErrClosed)
		assert.ErrorIs(t, <-errs, net.ErrClosed)
		assert.ErrorIs(t, a.Close(), net.ErrClosed)
		assert.ErrorIs(t, a.SetDeadline(time.Time{}), net.ErrClosed)
		_, _, err = a.ReadFrom(buf)
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = a.WriteTo(buf, a.LocalAddr())
		assert.ErrorIs(t, err, net.ErrClosed)
	})
}

// TestPingAfterPacket: the deadline of a datagram on the control connection is not that of what follows.
func TestPingAfterPacket(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Java}, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		a, b := packets(t, session(t, one), "udp"), packets(t, session(t, two), "udp")
		greet(t, a, b)
		time.Sleep(time.Hour) // with a PING every three minutes
		greet(t, a, b)
		assert.Equal(t, 1, one.Count("SESSION CREATE"))
	})
}

// TestSlowPacketReader: what nobody reads takes bounded memory and is counted.
func TestSlowPacketReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		a, b := packets(t, session(t, nw.Start(nil)), "udp"), packets(t, session(t, nw.Start(nil)), "udp")
		for _, size := range []int{1, 30_000} {
			before := b.Stats().Overflow
			for range 600 {
				_, err := a.WriteTo(make([]byte, size), b.LocalAddr())
				require.NoError(t, err)
				time.Sleep(time.Millisecond)
			}
			synctest.Wait()
			kept := min(backlogPackets, backlogBytes/size)
			assert.EqualValues(t, 600-kept, b.Stats().Overflow-before)
			for range kept {
				got, _ := read(t, b)
				assert.Len(t, got, size)
			}
			assert.Zero(t, b.held.Load())
		}
	})
}
