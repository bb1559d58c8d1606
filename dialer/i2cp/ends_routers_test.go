package i2cp_test

import (
	"io"
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
	nw := routers(t, i2pnet.Config{})
	a, b := over(t, nw, 0), over(t, nw, 1)
	ln := listen(t, b)[0]

	client, err := dialUntil(t.Context(), a, ln.Addr())
	require.NoError(t, err)
	server, err := ln.Accept()
	require.NoError(t, err)
	_, err = io.WriteString(client, "question")
	require.NoError(t, err)
	require.NoError(t, client.(interface{ CloseWrite() error }).CloseWrite())
	got, err := io.ReadAll(server)
	require.NoError(t, err)
	assert.Equal(t, "question", string(got))
	go func() {
		server.Write(make([]byte, 300_000))
		server.Close()
	}()
	got, err = io.ReadAll(client)
	require.NoError(t, err)
	assert.Len(t, got, 300_000, "after our end, all of theirs")
	client.Close()

	client, err = dialUntil(t.Context(), a, ln.Addr())
	require.NoError(t, err)
	server, err = ln.Accept()
	require.NoError(t, err)
	require.NoError(t, client.(interface{ SetLinger(int) error }).SetLinger(0))
	require.NoError(t, client.Close())
	server.SetReadDeadline(time.Now().Add(time.Minute))
	_, err = server.Read(make([]byte, 1))
	assert.ErrorIs(t, err, syscall.ECONNRESET)

	// Our router is started again: the stream waits, and goes on.
	client, err = dialUntil(t.Context(), a, ln.Addr())
	require.NoError(t, err)
	server, err = ln.Accept()
	require.NoError(t, err)
	nw.Kill(0)
	_, err = io.WriteString(client, "late")
	require.NoError(t, err)
	require.NoError(t, nw.Restart(t.Context(), 0))
	server.SetReadDeadline(time.Now().Add(i2cp.Outage))
	begin := time.Now()
	_, err = io.ReadFull(server, make([]byte, 4))
	if err == nil {
		t.Logf("the stream went on %v after the router", time.Since(begin))
	} else {
		t.Logf("two routers that met badly: %v", err) // see package i2pnet
	}
	_, err = io.WriteString(client, "more")
	require.NoError(t, err)

	// The peer's router goes for good: a typed error in bounded time.
	nw.Kill(1)
	client.SetReadDeadline(time.Now().Add(3 * time.Minute))
	_, err = client.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ETIMEDOUT)
}
