package socks

import (
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var clients = map[string]func(testing.TB) (near, far net.Conn){
	"unix": pairs["unix"],
	"tcp":  tcpPair,
	"tcp6": func(t testing.TB) (net.Conn, net.Conn) { return socketPair(t, "tcp6", "[::1]:0") },
	"mapped": func(t testing.TB) (net.Conn, net.Conn) {
		l, err := net.Listen("tcp", "[::]:0")
		require.NoError(t, err)
		defer l.Close()
		far, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Addr().(*net.TCPAddr).Port)))
		require.NoError(t, err)
		near, err := l.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { near.Close(); far.Close() })
		return near, far
	},
}

// A peer without half-close, which says nothing, is not kept for a client that is gone wholly.
func TestClientGone(t *testing.T) {
	for name, c := range map[string]struct {
		kind  string
		leave func(client net.Conn)
	}{
		"unix closed":        {"unix", func(c net.Conn) { c.Close() }},
		"unix closed later":  {"unix", func(c net.Conn) { closeWrite(c); time.Sleep(20 * time.Millisecond); c.Close() }},
		"tcp closed":         {"tcp", func(c net.Conn) { c.Close() }},
		"tcp closed, IPv6":   {"tcp6", func(c net.Conn) { c.Close() }},
		"tcp closed, mapped": {"mapped", func(c net.Conn) { c.Close() }},
		"tcp closed later":   {"tcp", func(c net.Conn) { closeWrite(c); time.Sleep(100 * time.Millisecond); c.Close() }},
		"tcp reset later": {"tcp", func(c net.Conn) {
			closeWrite(c)
			time.Sleep(20 * time.Millisecond)
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			near, client := clients[c.kind](t)
			far, peer := streamPair(t)
			done := start(t.Context(), near, far, "", relayOptions{ReadAhead: 1 << 20, HalfCloseTimeout: time.Hour})
			_, err := client.Write([]byte("last words"))
			require.NoError(t, err)
			c.leave(client)
			select {
			case r := <-done:
				assert.ErrorIs(t, r.err, errClientGone)
				assert.Equal(t, relayStats{Sent: 10}, r.relayStats)
			case <-time.After(time.Minute):
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

// A peer that was told of the client's end may take its time as well.
func TestClientGonePeerTold(t *testing.T) {
	near, client := tcpPair(t)
	far, peer := tcpPair(t)
	done := start(t.Context(), near, far, "", relayOptions{HalfCloseTimeout: time.Hour})
	_, err := client.Write([]byte("last words"))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	assert.Equal(t, "last words", string(got))
	assert.ErrorIs(t, (<-done).err, errClientGone)
}

// A stream whose client is known to be there does not give way, however silent; one that nothing is known of does.
func TestWhoGivesWay(t *testing.T) {
	for kind, want := range map[string]bool{"tcp": false, "unix": false, "mem": true} {
		t.Run(kind, func(t *testing.T) {
			near, client := pairs[kind](t)
			far, peer := streamPair(t)
			h := new(halfClosed)
			defer h.close()
			done := make(chan error, 1)
			go func() {
				_, err := relay(t.Context(), near, far, nil, relayOptions{Halves: h, HalfCloseTimeout: time.Hour})
				done <- err
			}()
			closeWrite(client)
			every := func(*leaver) bool { return true }
			waitFor(t, "the end", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.list.Len() == 1 })
			waitFor(t, "an answer", func() bool {
				h.mu.Lock()
				defer h.mu.Unlock()
				return life(h.list.Front().Value.(*leaver).life.Load()) != lifeUnasked
			})
			l := h.quietest(every)
			require.Equal(t, want, l != nil)
			if l != nil {
				l.watch.end(errGaveWay)
				assert.ErrorIs(t, <-done, errGaveWay)
			}
			peer.Close()
			if l == nil {
				assert.NoError(t, <-done)
			}
			client.Close()
			assert.Nil(t, h.quietest(every), "nothing is left")
		})
	}
}
