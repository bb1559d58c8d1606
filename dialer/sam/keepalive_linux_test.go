package sam

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestKeepAlive: connections to a bridge beyond loopback are probed, those on loopback are not.
func TestKeepAlive(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	for at, want := range map[string]bool{
		ln.Addr().String(): false, "[::1]:7656": false, "[::ffff:127.0.0.1]:7656": false,
		"192.0.2.1:7656": true, "[2001:db8::1]:7656": true,
	} {
		d := newDialer("tcp", at)
		assert.Equal(t, want, d.KeepAliveConfig.Enable, at)
		conn, err := d.DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		raw, err := conn.(*net.TCPConn).SyscallConn()
		require.NoError(t, err)
		raw.Control(func(fd uintptr) {
			on, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
			require.NoError(t, err)
			assert.Equal(t, want, on != 0, at)
			if want {
				idle, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
				require.NoError(t, err)
				assert.Equal(t, 45, idle)
			}
		})
		conn.Close()
	}
	assert.Negative(t, newDialer("unix", "/run/sam").KeepAlive)
}
