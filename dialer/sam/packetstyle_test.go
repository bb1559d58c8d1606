package sam

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestPacketStyles: where a router lacks a style it is refused, and no other one is taken for it.
func TestPacketStyles(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		for _, network := range []string{"i2p-datagram2", "i2p-datagram3"} {
			if one.Router != samtest.I2PD259 {
				_, err := session(t, one).ListenPacket(t.Context(), network, ":0")
				assert.ErrorIs(t, err, errors.ErrUnsupported)
				assert.ErrorIs(t, err, dialer.ErrRouter)
				assert.Empty(t, one.Sessions())
				continue
			}
			a, b := packets(t, session(t, one), network), packets(t, session(t, two), network)
			_, err := a.WriteTo([]byte("question"), b.LocalAddr())
			require.NoError(t, err)
			got, from := read(t, b)
			assert.Equal(t, "question", got)
			want := a.LocalAddr().(dialer.Addr)
			if network == "i2p-datagram3" {

				want = dialer.Addr{Host: want.Host} // no more is told
			}
			assert.Equal(t, want, from)
			_, err = b.WriteTo([]byte("answer"), from)
			require.NoError(t, err)
			got, from = read(t, a)
			assert.Equal(t, "answer", got)
			assert.Equal(t, b.LocalAddr().(dialer.Addr).Host, from.(dialer.Addr).Host)
			time.Sleep(time.Minute)
			assert.Zero(t, b.Stats().Resent, "who has been heard of is not new")
		}
	})
}

// TestPacketStyleError: other failures are not mistaken for a missing style.
func TestPacketStyleError(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.I2PD259}, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		one.Inject(samtest.Fault{On: "SESSION CREATE", Result: "I2P_ERROR", Message: "no tunnels"})
		_, err := session(t, one).ListenPacket(t.Context(), "i2p-datagram2", ":0")
		assert.ErrorIs(t, err, dialer.ErrRouter)
		assert.NotErrorIs(t, err, errors.ErrUnsupported)
	})
}

// TestPacketPorts: a conn on a port gets what is for that port, as far as the router tells.
func TestPacketPorts(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		for _, network := range []string{"udp", "i2p-raw"} {
			sa, sb := session(t, one), session(t, two)
			pa, err := sa.ListenPacket(t.Context(), network, ":5")
			require.NoError(t, err)
			pb, err := sb.ListenPacket(t.Context(), network, ":80")
			require.NoError(t, err)
			a, b := pa.(*PacketConn), pb.(*PacketConn)
			to := b.LocalAddr().(dialer.Addr)
			assert.EqualValues(t, 80, to.Port)
			send := func(port uint16, payload string) {
				to.Port = port
				_, err := a.WriteTo([]byte(payload), to)
				require.NoError(t, err)
				time.Sleep(2 * time.Second) // raw ones are lost on i2pd when sent faster
			}
			send(80, "first")
			got, from := read(t, b)
			assert.Equal(t, "first", got)
			send(81, "other port")
			send(0, "no port")
			java := one.Router <= samtest.Java
			if !java {
				got, _ = read(t, b)
				assert.Equal(t, "other port", got)
			}
			got, _ = read(t, b)
			assert.Equal(t, "no port", got)
			if java {
				assert.EqualValues(t, 1, b.Stats().OtherPort)
				assert.EqualValues(t, 5, from.(dialer.Addr).Port)
			} else {
				assert.Zero(t, b.Stats().OtherPort)
				assert.Zero(t, from.(dialer.Addr).Port)
			}
			pa.Close()
			pb.Close()
		}
	})
}
