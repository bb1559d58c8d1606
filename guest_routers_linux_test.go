package i2psocks_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
	"github.com/go-i2p/i2psocks/socks"
)

// TestOwnRouterOnRouters: examples/proxy starts an i2pd of its own inside the private network, serves a
// CONNECT with it, and leaves none behind, also when it is killed.
func TestOwnRouterOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	site := routertest.Endpoint(t, nw, 0)
	serve(t, site, hello)
	program := filepath.Join(build(t, "proxy"), "proxy")
	i2pd, err := exec.LookPath(filepath.Join(os.Getenv("I2PSOCKS_I2PD_DIR"), "i2pd"))
	require.NoError(t, err)
	for name, signal := range map[string]syscall.Signal{"closed": syscall.SIGTERM, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			settings, err := nw.Guest(t.Context())
			require.NoError(t, err)
			dir := t.TempDir()
			script, pidFile, state := filepath.Join(dir, "i2pd.sh"), filepath.Join(dir, "pid"), filepath.Join(dir, "state")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "head"), []byte(settings), 0o600))
			text := fmt.Sprintf("#!/bin/sh\nset -e\ncd %s\necho $$ > pid\ncat state/i2pd/i2pd.conf >> head\nmv head state/i2pd/i2pd.conf\nexec %s \"$@\"\n", dir, i2pd)
			require.NoError(t, os.WriteFile(script, []byte(text), 0o700))

			proxy := nw.Command(t.Context(), program, "-listen", "127.0.0.1:4447", "-sam", "127.0.0.99:7656", "-router", script,
				"-dir", state, "-length", "0", "-quantity", "2")
			lines := start(t, proxy)
			assert.Equal(t, "socks5h://127.0.0.1:4447", line(t, lines))
			name := "hello " + line(t, lines)
			client := &socks.Dialer{Address: "127.0.0.1:4447", Forward: forward(nw.DialContext)}
			assert.Eventually(t, func() bool {
				got, err := routertest.Visit(t.Context(), client, site.Addr().Host, 20*time.Second)
				return err == nil && assert.Contains(t, got, name)
			}, 2*time.Minute, time.Second)

			pid, err := os.ReadFile(pidFile)
			require.NoError(t, err)
			child, err := strconv.Atoi(strings.TrimSpace(string(pid)))
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(child, 0), "it runs")
			require.NoError(t, proxy.Process.Signal(signal))
			proxy.Wait()
			assert.Eventually(t, func() bool { return syscall.Kill(child, 0) == syscall.ESRCH }, time.Minute, 10*time.Millisecond)
		})
	}
}
