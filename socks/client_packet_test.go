package socks_test

import (
	"context"
	"net"
	"testing"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listenerOnly shows the test what it listens with.
type listenerOnly struct {
	*post
	pc *net.PacketConn
}

func (l *listenerOnly) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	pc, err := l.post.ListenPacket(ctx, network, address)
	*l.pc = pc
	return pc, err
}

func TestDialerListenPacketRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		d                socks.Dialer
		network, address string
	}{
		"tcp":     {socks.Dialer{Forward: never(t)}, "tcp", ""},
		"address": {socks.Dialer{Forward: never(t)}, "udp", ":53"},
		"forward": {socks.Dialer{Forward: never(t)}, "udp", ""},
		"4a":      {socks.Dialer{Version: socks.SOCKS4a}, "udp", ""},
	} {
		_, err := tc.d.ListenPacket(t.Context(), tc.network, tc.address)
		assert.Error(t, err, name)
	}
	for name, reply := range map[string]string{
		"other host": "05 00 00 01 7f 00 00 09 00 50",
		"name":       okName("relay.example", 80),
		"no port":    "05 00 00 01 7f 00 00 01 00 00",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				s := sockstest.NewClient(t, conn)
				s.Expect(greetNone)
				s.Send(choseNone)
				s.Expect(associateAny)
				s.Send(reply)
			}()
			_, err = (&socks.Dialer{Address: l.Addr().String()}).ListenPacket(t.Context(), "udp", "")
			assert.ErrorContains(t, err, "another host")
		})
	}
}

// The connection must not show its socket: a library that looks for one would send past the relay.
func TestPacketConnHidesItsSocket(t *testing.T) {
	d := &socks.Dialer{Address: listen(t, &socks.Server{Dialer: newPost()})}
	c, err := d.ListenPacket(t.Context(), "udp", "")
	require.NoError(t, err)
	defer c.Close()
	_, dialled := c.(net.Conn)
	assert.False(t, dialled)
	_, raw := c.(interface {
		WriteToUDP(b []byte, addr *net.UDPAddr) (int, error)
	})
	assert.False(t, raw)
	_, err = c.WriteTo(nil, to("no port"))
	assert.Error(t, err)
}
