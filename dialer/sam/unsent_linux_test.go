package sam

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestCloseWaitsForTheRouter: a router that was too busy to read what its kernel has for it gets its time once it has read that, over
// real sockets, and loses nothing.
func TestCloseWaitsForTheRouter(t *testing.T) {
	t.Parallel()
	nw := samtest.NewNetwork()
	defer nw.Close()
	start := func() (*samtest.Bridge, *Session) {
		b := nw.Start(&samtest.Bridge{Router: samtest.I2PD259, BuildTime: poisonedBefore + 100*time.Millisecond})
		s := &Session{Address: b.Addr()}
		t.Cleanup(func() { s.Close() })
		return b, s
	}
	_, server := start()
	b, client := start()
	ln, err := server.Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	got := make(chan int64, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		n, err := io.Copy(io.Discard, conn)
		assert.NoError(t, err)
		got <- n
		conn.Close()
	}()
	conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
	require.NoError(t, err)
	b.Freeze()
	const size = 300 << 10
	_, err = conn.Write(make([]byte, size))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	time.Sleep(2 * linger)
	assert.Equal(t, 1, client.Status().Streams, "it is not closed yet")
	b.Thaw()
	assert.EqualValues(t, size, <-got)
}
