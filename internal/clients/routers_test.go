package clients_test

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestClientsOnRouters runs the programs that fetch a page through an open port on real routers.
func TestClientsOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	web, ep := routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 1)
	ep.NoSecret = true
	page := servePage(t, web)
	px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &world{
		proxy: px.URL(), web: web.Addr().Host, page: page, command: exec.CommandContext, direct: new(net.Dialer).DialContext,
	}
	require.Eventually(t, func() bool {
		got, err := routertest.Visit(t.Context(), ep, w.web, 20*time.Second)
		return err == nil && got == page
	}, 2*time.Minute, time.Second)
	for _, c := range clients {
		if c.on != open || c.name == "ssh" || c.name == "Node socks, bind" {
			continue // those need more than a page
		}
		t.Run(c.name, func(t *testing.T) {
			c.require(t)
			c.run(t, w)
		})
	}
}
