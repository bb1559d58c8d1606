package sam

import (
	"bufio"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func TestDialOnly(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		client.DialOnly = true
		site(t, server, banner)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		assert.Contains(t, line, client.Addr().Host)
		require.NoError(t, conn.Close())
		assert.Equal(t, "true", b.Sessions()[0].Options["i2cp.dontPublishLeaseSet"])
		assert.NotContains(t, a.Sessions()[0].Options, "i2cp.dontPublishLeaseSet", "a server must be found")

		_, err = client.Listen(t.Context(), "tcp", ":80")
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		assert.Zero(t, b.Count("STREAM ACCEPT"))
	})
}
