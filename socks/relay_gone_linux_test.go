package socks

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A peer without half-close, which says nothing, is not kept for a client that is gone wholly.
func TestClientGone(t *testing.T) {
	for name, c := range map[string]struct {
		kind  string
		leave func(client net.Conn)
	}{
		"unix closed":       {"unix", func(c net.Conn) { c.Close() }},
		"unix closed later": {"unix", func(c net.Conn) { closeWrite(c); time.Sleep(20 * time.Millisecond); c.Close() }},
		"tcp reset later": {"tcp", func(c net.Conn) {
			closeWrite(c)
			time.Sleep(20 * time.Millisecond)
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			near, client := pairs[c.kind](t)
			far, peer := streamPair(t)
			done := start(t.Context(), near, far, "", relayOptions{ReadAhead: 1 << 20, HalfCloseTimeout: time.Hour})
			_, err := client.Write([]byte("last words"))
			require.NoError(t, err)
			c.leave(client)
			select {
			case r := <-done:
				assert.ErrorIs(t, r.err, errClientGone)
				assert.Equal(t, relayStats{Sent: 10}, r.relayStats)
			case <-time.After(10 * time.Second):
				t.Fatal("still there")
			}
			far.Close()
			got, err := io.ReadAll(peer)
			require.NoError(t, err)
			assert.Equal(t, "last words", string(got))
		})
	}
}

// A client that only half-closed is not taken for one that is gone, whatever goes on and however it ends.
func TestHalfClosedClientIsNotGone(t *testing.T) {
	answer := random(1<<20, 9)
	for _, kind := range []string{"tcp", "unix"} {
		for range 10 {
			near, client := pairs[kind](t)
			far, peer := streamPair(t)
			done := start(t.Context(), near, far, "", relayOptions{ReadAhead: 1 << 20, HalfCloseTimeout: time.Hour})
			closeWrite(client)
			go func() {
				time.Sleep(5 * time.Millisecond)
				writeRandomly(peer, answer)
				peer.Close()
			}()
			got, err := io.ReadAll(client)
			require.NoError(t, err)
			assert.Equal(t, sum(answer), sum(got), kind)
			r := <-done
			assert.NoError(t, r.err, kind)
			assert.Equal(t, relayStats{Received: 1 << 20}, r.relayStats)
		}
	}
}
