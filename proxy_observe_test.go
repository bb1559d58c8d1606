package i2psocks_test

import (
	"context"
	"io"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/socks"
)

// TestObserve: hooks and the status of a port tell of its clients, and virtual addresses are served.
func TestObserve(t *testing.T) { overBoth(t, testObserve) }

func testObserve(t *testing.T, nw *network) {
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, hello)
	reports := make(chan socks.Report, 2)
	visitor.Hooks = &socks.Hooks{Done: func(_ context.Context, r socks.Report) { reports <- r }}
	visitor.VirtualAddresses = netip.MustParsePrefix("127.192.0.0/10")
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ip, err := through(px, "", "").Resolve(t.Context(), site.Addr().Host)
	require.NoError(t, err)
	assert.Equal(t, socks.Resolve, (<-reports).Command)
	assert.True(t, visitor.VirtualAddresses.Contains(netip.MustParseAddr(ip)), ip)
	conn, err := through(px, "", "").DialContext(t.Context(), "tcp", ip+":80")
	require.NoError(t, err)
	assert.Equal(t, 1, px.Status().Clients)
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	page, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Contains(t, string(page), "hello")
	conn.Close()
	assert.Equal(t, socks.Connect, (<-reports).Command)
	require.NoError(t, px.Shutdown(t.Context()))
	assert.True(t, px.Status().Closed)
	assert.EqualValues(t, 2, px.Status().Requests)
}
