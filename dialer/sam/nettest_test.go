package sam

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestConn holds streams to the rules that all net.Conns keep, read directly and read ahead.
func TestConn(t *testing.T) {
	for _, lossy := range []bool{false, true} {
		nw := samtest.NewNetwork()
		t.Cleanup(nw.Close)
		server, client := &Session{Address: nw.Start(nil).Addr()}, &Session{Address: nw.Start(nil).Addr()}
		t.Cleanup(func() { server.Close() })
		t.Cleanup(func() { client.Close() })
		for _, s := range []*Session{server, client} {
			require.NoError(t, s.Up(t.Context()))
			if lossy {
				l, _ := s.keep.Live()
				l.profile.lossy, l.profile.linger = true, linger // as if: the network is the quick one all the same
			}
		}
		ln, err := server.Listen(t.Context(), "tcp", ":0")
		require.NoError(t, err)
		nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
			if c1, err = client.DialContext(t.Context(), "tcp", ln.Addr().String()); err != nil {
				return nil, nil, nil, err
			}
			if c2, err = ln.Accept(); err != nil {
				return nil, nil, nil, err
			}
			return c1, c2, func() { c1.Close(); c2.Close() }, nil
		})
	}
}
