package i2cp

import (
	"bytes"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
)

// What one Write is given stays together, whoever else writes, as on a TCP connection.
func TestWritesAreWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		client, server := streamPair(t, on(t, nw.Start(nil)), on(t, nw.Start(nil)))
		const size = 4 << 20 // more than a stream holds
		var writers errgroup.Group
		for _, c := range []string{"a", "b", "c"} {
			writers.Go(func() error {
				_, err := client.Write(bytes.Repeat([]byte(c), size))
				return err
			})
		}
		got := make([]byte, 3*size)
		_, err := io.ReadFull(server, got)
		require.NoError(t, err)
		require.NoError(t, writers.Wait())
		for i := range 3 {
			assert.Equal(t, size, bytes.Count(got[i*size:][:size], got[i*size:][:1]), i)
		}
	})
}

// Writes that wait, for their turn too, end with what forbids them.
func TestWaitingWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		client, _ := streamPair(t, on(t, nw.Start(nil)), on(t, nw.Start(nil)))
		var writers errgroup.Group
		for range 2 {
			writers.Go(func() error {
				_, err := client.Write(make([]byte, 10<<20))
				return err
			})
		}
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, client.(halfCloser).CloseWrite())
		assert.ErrorIs(t, writers.Wait(), syscall.EPIPE)
		assert.Zero(t, time.Since(begin))
	})
}

// A stream that its peer has ended before it is accepted is handed out with what has come, and kept no longer than it is used.
func TestEndedBeforeAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		ln := must(t, b, ":80")
		client, err := a.DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		_, err = client.Write([]byte("hello"))
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.NoError(t, client.(halfCloser).SetLinger(0))
		require.NoError(t, client.Close())
		time.Sleep(time.Minute)
		conn, err := ln.Accept()
		require.NoError(t, err)
		got := make([]byte, 5)
		_, err = io.ReadFull(conn, got)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(got))
		_, err = conn.Read(got)
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		require.NoError(t, conn.Close())
		b.machine.mu.Lock()
		defer b.machine.mu.Unlock()
		assert.Empty(t, b.machine.streams)
	})
}
