package i2cp_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
)

// TestDatagramsOnRouters sends datagrams of each kind between two real routers: ours to ours, and both ways to a program
// that speaks SAM where its router knows the kind.
func TestDatagramsOnRouters(t *testing.T) {
	t.Parallel()
	nw := routers.Require(t)
	ours, same := over(t, nw, 0), over(t, nw, 1)
	var starting errgroup.Group
	starting.Go(func() error { return ours.Up(t.Context()) })
	starting.Go(func() error { return same.Up(t.Context()) })
	require.NoError(t, starting.Wait())
	for _, network := range []string{"udp", "i2p-raw", "i2p-datagram2", "i2p-datagram3"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, err := ours.ListenPacket(t.Context(), network, ":11")
			require.NoError(t, err)
			b, err := same.ListenPacket(t.Context(), network, ":12")
			require.NoError(t, err)
			t.Run("ours to ours", func(t *testing.T) { meet(t, a, b) })
			theirs, err := overSAM(t, nw, 1).ListenPacket(t.Context(), network, ":0")
			if err != nil {
				require.ErrorIs(t, err, errors.ErrUnsupported)
				t.Log("no such kind in the router's SAM")
				return
			}
			t.Run("SAM", func(t *testing.T) {
				// i2pd's programs call port 0 alone; this is the only one of its kind.
				meet(t, a, theirs)
			})
		})
	}
}

// meet has two packet connections answer each other, of which one or the other datagram may get lost.
func meet(t *testing.T, a, b net.PacketConn) {
	buf := make([]byte, 2000)
	for _, pair := range [][2]net.PacketConn{{a, b}, {b, a}} {
		for heard, tries := false, 0; !heard; tries++ {
			require.Less(t, tries, 30)
			_, err := pair[0].WriteTo([]byte("hello"), pair[1].LocalAddr())
			require.NoError(t, err)
			pair[1].SetReadDeadline(time.Now().Add(2 * time.Second))
			n, from, err := pair[1].ReadFrom(buf)
			if heard = err == nil && string(buf[:n]) == "hello"; heard {
				if host := from.(dialer.Addr).Host; host != "" {
					assert.Equal(t, pair[0].LocalAddr().(dialer.Addr).Host, host)
				}
			}
		}
	}
}
