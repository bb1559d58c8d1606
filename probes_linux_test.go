package i2psocks_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
)

// TestProbes: a client is probed for only where it can go away without a word.
func TestProbes(t *testing.T) {
	const keepalive = "02" // the timer that runs, in the table of the kernel
	for host, want := range map[string]string{"127.0.0.1": "00", "0.0.0.0": keepalive} {
		t.Run(host, func(t *testing.T) {
			ep := &i2psocks.Endpoint{AllowRemote: true}
			defer ep.Close()
			px, err := ep.ListenSOCKS(t.Context(), "tcp4", host+":0")
			require.NoError(t, err)
			port := px.Addr().(*net.TCPAddr).Port
			c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
			require.NoError(t, err)
			defer c.Close()
			c.Write([]byte{5, 1, 2})
			_, err = io.ReadFull(c, make([]byte, 2)) // it is served
			require.NoError(t, err)
			table, err := os.ReadFile("/proc/thread-self/net/tcp")
			require.NoError(t, err)
			from := fmt.Sprintf("%04X", c.LocalAddr().(*net.TCPAddr).Port)
			found := false
			for row := range strings.Lines(string(table)) {
				f := strings.Fields(row)
				if strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) && strings.HasSuffix(f[2], ":"+from) {
					found = true
					assert.Equal(t, want, f[5][:2])
				}
			}
			assert.True(t, found)
		})
	}
}
