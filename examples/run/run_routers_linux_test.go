package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// TestRunOnRouters fetches a page through real i2pd routers, by the proxy and past it.
func TestRunOnRouters(t *testing.T) {
	needNamespaces(t)
	nw := i2pnet.Require(t, i2pnet.Config{})
	direct := sam.Tunnels{Length: -1} // as lease sets of longer tunnels are not found at once in so small a network
	site := &i2psocks.Endpoint{SAM: nw.SAM(0), DialBridge: nw.DialContext, Inbound: direct, Outbound: direct}
	t.Cleanup(func() { site.Close() })
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a page of I2P") })}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })

	self, err := os.Executable()
	require.NoError(t, err)
	for name, flags := range map[string][]string{"by the proxy": nil, "past the proxy": {"--noproxy", "*"}} {
		t.Run(name, func(t *testing.T) {
			args := []string{launch, "-sam", nw.SAM(1), "-length", "0", "-report", filepath.Join(t.TempDir(), "report.json"), "--",
				"curl", "-sS", "--max-time", "150", "--retry", "5", "--retry-all-errors"}
			args = append(append(args, flags...), "http://"+site.Addr().Host+"/")
			out, err := nw.Command(t.Context(), self, args...).CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Contains(t, string(out), "a page of I2P")
		})
	}
}
