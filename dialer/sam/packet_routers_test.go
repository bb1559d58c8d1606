package sam_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// insideEnv holds the addresses of the bridges for the process that runs inside the namespace.
const insideEnv = "I2PSOCKS_TEST_BRIDGES"

// TestPacketsOnRouters sends datagrams between two real i2pd routers: over their control
// connections, and, from a process inside the routers' namespace, over UDP.
func TestPacketsOnRouters(t *testing.T) {
	if bridges := os.Getenv(insideEnv); bridges != "" {
		one, two, _ := strings.Cut(bridges, " ")
		exchange(t, &sam.Session{Address: one}, &sam.Session{Address: two})
		return
	}
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	t.Run("control connection", func(t *testing.T) {
		t.Parallel()
		exchange(t, &sam.Session{Address: nw.SAM(0), DialBridge: nw.DialContext}, &sam.Session{Address: nw.SAM(1), DialBridge: nw.DialContext})
	})
	t.Run("UDP", func(t *testing.T) {
		t.Parallel()
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := nw.Command(t.Context(), self, "-test.run", "^"+strings.Split(t.Name(), "/")[0]+"$", "-test.v")
		cmd.Env = append(os.Environ(), insideEnv+"="+nw.SAM(0)+" "+nw.SAM(1))
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		require.NoError(t, err)
	})
	t.Run("style", func(t *testing.T) {
		t.Parallel()
		s := &sam.Session{Address: nw.SAM(2), DialBridge: nw.DialContext}
		defer s.Close()
		pc, err := s.ListenPacket(t.Context(), "i2p-datagram2", ":0")
		if err != nil { // i2pd before 2.58
			assert.ErrorIs(t, err, errors.ErrUnsupported)
			return
		}
		pc.Close()
	})
}

const (
	packets    = 1000
	packetSize = 1024
)

// exchange sends packets both ways at once, 5 ms apart, which is lossless on a quiet machine.
func exchange(t *testing.T, sessions ...*sam.Session) {
	conns := make([]net.PacketConn, 2)
	var starting errgroup.Group
	for i, s := range sessions {
		s.Inbound, s.Outbound = sam.Tunnels{Length: -1, Quantity: 1}, sam.Tunnels{Length: -1, Quantity: 1}
		defer s.Close()
		starting.Go(func() (err error) {
			conns[i], err = s.ListenPacket(t.Context(), "udp", ":0")
			return err
		})
	}
	require.NoError(t, starting.Wait())
	a, b := conns[0], conns[1]
	meet(t, a, b)
	var sending errgroup.Group
	sending.Go(func() error { return sendAll(a, b.LocalAddr(), 1) })
	sending.Go(func() error { return sendAll(b, a.LocalAddr(), 2) })
	lost := [2]int{}
	var receiving errgroup.Group
	receiving.Go(func() error { lost[0] = packets - receiveAll(t, b, a.LocalAddr(), 1); return nil })
	receiving.Go(func() error { lost[1] = packets - receiveAll(t, a, b.LocalAddr(), 2); return nil })
	require.NoError(t, sending.Wait())
	receiving.Wait()
	t.Logf("lost %d and %d of %d packets; %+v and %+v", lost[0], lost[1], packets, a.(*sam.PacketConn).Stats(), b.(*sam.PacketConn).Stats())
	for _, n := range lost {
		assert.LessOrEqual(t, n, packets/10)
	}
}

// meet has two conns find each other, which takes more than one packet now and then.
func meet(t *testing.T, a, b net.PacketConn) {
	buf := make([]byte, packetSize)
	for _, pair := range [][2]net.PacketConn{{a, b}, {b, a}} {
		for heard, tries := false, 0; !heard; tries++ {
			require.Less(t, tries, 90) // i2pd may need minutes for a first message that was lost
			_, err := pair[0].WriteTo([]byte("hello"), pair[1].LocalAddr())
			require.NoError(t, err)
			pair[1].SetReadDeadline(time.Now().Add(2 * time.Second))
			n, _, err := pair[1].ReadFrom(buf)
			heard = err == nil && string(buf[:n]) == "hello"
		}
	}
}

// packetOf returns packet i of a series: its number, and what only it has.
func packetOf(i uint32, series byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, i)
	b = append(b, make([]byte, packetSize-len(b))...)
	rand.NewChaCha8([32]byte{series, byte(i), byte(i >> 8)}).Read(b[4:])
	return b
}

func sendAll(pc net.PacketConn, to net.Addr, series byte) error {
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for i := range uint32(packets) {
		if _, err := pc.WriteTo(packetOf(i, series), to); err != nil {
			return err
		}
		<-pace.C
	}
	return nil
}

// receiveAll returns how many different packets of a series came, until none came for a while.
func receiveAll(t *testing.T, pc net.PacketConn, want net.Addr, series byte) int {
	seen := make(map[uint32]bool)
	buf := make([]byte, 2*packetSize)
	for len(seen) < packets {
		pc.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			break
		}
		assert.Equal(t, want.(dialer.Addr).Host, from.(dialer.Addr).Host)
		if n == len("hello") { // sent twice, by meet or as the first one
			continue
		}
		i := binary.BigEndian.Uint32(buf)
		if assert.True(t, n == packetSize && bytes.Equal(buf[:n], packetOf(i, series)), "packet %d is spoilt", i) {
			seen[i] = true
		}
	}
	return len(seen)
}
