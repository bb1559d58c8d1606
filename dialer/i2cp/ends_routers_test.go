package i2cp_test

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// TestEndsOnRouters closes streams in each way over real routers, and takes routers away.
func TestEndsOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{Routers: 3})
	a, b := over(t, nw, 0), over(t, nw, 1)
	other := over(t, nw, 2, func(s *i2cp.Session) { s.StreamTimeout = 20 * time.Second })
	go other.Up(t.Context())
	ln := listen(t, b)[0]

	pair := func(from *i2cp.Session) (client, server net.Conn) {
		client, err := dialUntil(t.Context(), from, ln.Addr())
		require.NoError(t, err)
		server, err = ln.Accept()
		require.NoError(t, err)
		return client, server
	}
	for _, dialerFirst := range []bool{true, false} {
		first, second := pair(a)
		if !dialerFirst {
			first, second = second, first
		}
		halfClose(t, first, second)
		first, second = pair(a)
		if !dialerFirst {
			first, second = second, first
		}
		require.NoError(t, first.(interface{ SetLinger(int) error }).SetLinger(0))
		require.NoError(t, first.Close())
		second.SetReadDeadline(time.Now().Add(time.Minute))
		_, err := second.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	}

	// Our router is started again: the stream waits, and goes on.
	client, server := pair(a)
	far, _ := pair(other)
	nw.Kill(0)
	_, err := io.WriteString(client, "late")
	require.NoError(t, err)
	require.NoError(t, nw.Restart(t.Context(), 0))
	begin := time.Now()
	require.NoError(t, a.Up(t.Context()))
	t.Logf("the session is back after %v", time.Since(begin))
	begin = time.Now()
	server.SetReadDeadline(begin.Add(time.Minute))
	_, err = io.ReadFull(server, make([]byte, 4))
	require.NoError(t, err)
	t.Logf("the stream went on after %v", time.Since(begin))

	// The peer's router goes for good: a typed error in bounded time.
	nw.Kill(1)
	begin = time.Now()
	_, err = io.WriteString(far, "anybody?")
	require.NoError(t, err)
	far.SetReadDeadline(begin.Add(time.Minute))
	_, err = far.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ETIMEDOUT)
	t.Logf("the peer is given up after %v", time.Since(begin))
}

// halfClose has one end of a stream say that it is through, and then hear all of the other.
func halfClose(t *testing.T, first, second net.Conn) {
	for _, c := range []net.Conn{first, second} {
		c.SetDeadline(time.Now().Add(time.Minute))
	}
	_, err := io.WriteString(first, "question")
	require.NoError(t, err)
	require.NoError(t, first.(interface{ CloseWrite() error }).CloseWrite())
	got, err := io.ReadAll(second)
	require.NoError(t, err)
	assert.Equal(t, "question", string(got))
	go func() {
		second.Write(make([]byte, 300_000))
		second.Close()
	}()
	got, err = io.ReadAll(first)
	require.NoError(t, err)
	assert.Len(t, got, 300_000, "after our end, all of theirs")
	first.Close()
}
