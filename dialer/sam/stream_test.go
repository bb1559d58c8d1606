package sam

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// slow reads a little, then nothing for a while.
func slow(r io.Reader, pause time.Duration) ([]byte, error) {
	var got bytes.Buffer
	if _, err := io.CopyN(&got, r, 1000); err != nil {
		return nil, err
	}
	time.Sleep(pause)
	_, err := io.Copy(&got, r)
	return got.Bytes(), err
}

// TestSlowReader: the peer sends and closes while the reader pauses; i2pd would throw the rest away.
func TestSlowReader(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		sent, uploaded := random(5<<20), make(chan []byte, 1)
		site(t, server, func(conn net.Conn) {
			first := make([]byte, 1)
			io.ReadFull(conn, first)
			if first[0] == 'd' {
				conn.Write(sent)
				return
			}
			got, err := slow(conn, 15*time.Second)
			assert.NoError(t, err)
			uploaded <- got
		})
		for _, late := range []time.Duration{0, 15 * time.Second} { // before the first read
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			_, err = conn.Write([]byte("d"))
			require.NoError(t, err)
			time.Sleep(late)
			got, err := slow(conn, 15*time.Second)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(sent, got), "%d of %d bytes", len(got), len(sent))
			conn.Close()
		}
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		for _, b := range [][]byte{[]byte("u"), sent} {
			_, err = conn.Write(b)
			require.NoError(t, err)
		}
		require.NoError(t, conn.Close())
		got := <-uploaded
		assert.True(t, bytes.Equal(sent, got), "%d of %d bytes", len(got), len(sent))
	})
}

// TestCloseRightAfterWrite: neither closing the stream nor closing the session behind it loses a byte.
func TestCloseRightAfterWrite(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server := session(t, a)
		sent, received := random(100_000), make(chan []byte, 1)
		site(t, server, func(conn net.Conn) {
			got, err := io.ReadAll(conn)
			assert.NoError(t, err)
			received <- got
		})
		for name, end := range map[string]func(*Session, net.Conn){
			"stream":             func(_ *Session, conn net.Conn) { conn.Close() },
			"stream and session": func(s *Session, conn net.Conn) { conn.Close(); s.Close() },
			"session":            func(s *Session, _ net.Conn) { s.Close() },
		} {
			client := session(t, b)
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			_, err = conn.Write(sent)
			require.NoError(t, err)
			end(client, conn)
			assert.True(t, bytes.Equal(sent, <-received), name)
			client.Close()
		}
	})
}

// TestStreamsEndBeforeTheirSession: i2pd gets the time to tell the peer that a stream is over.
func TestStreamsEndBeforeTheirSession(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		var mu sync.Mutex
		var closed []time.Time // of the connections that ended, in their order
		dial := client.DialBridge
		client.DialBridge = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &closeNoted{conn, sync.OnceFunc(func() {
				mu.Lock()
				defer mu.Unlock()
				closed = append(closed, time.Now())
			})}, err
		}
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		_, err = conn.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, client.Close())
		require.GreaterOrEqual(t, len(closed), 2)
		stream, control := closed[len(closed)-2], closed[len(closed)-1]
		if b.Router > samtest.Java {
			assert.GreaterOrEqual(t, control.Sub(stream), time.Second)
		}
	})
}

type closeNoted struct {
	net.Conn
	note func()
}

func (c *closeNoted) Close() error {
	c.note()
	return c.Conn.Close()
}

func TestClosedStream(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		blocked := make(chan error)
		_, err = io.ReadFull(conn, make([]byte, len("hello "+client.Addr().Host+":0\n")))
		require.NoError(t, err)
		go func() {
			_, err := conn.Read(make([]byte, 1))
			blocked <- err
		}()
		synctest.Wait()
		_, err = conn.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		assert.Error(t, <-blocked, "a blocked read ends at once")
		_, err = conn.Read(make([]byte, 1))
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = conn.Write([]byte("x"))
		assert.ErrorIs(t, err, net.ErrClosed)
		time.Sleep(5 * time.Second)
		assert.Zero(t, client.Status().Streams)
	})
}

// TestDeadlines: a deadline set before reading ahead begins counts as well as one set later.
func TestDeadlines(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, func(conn net.Conn) { io.Copy(io.Discard, conn) })
		for _, pause := range []time.Duration{0, time.Minute} {
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			begin := time.Now()
			require.NoError(t, conn.SetDeadline(begin.Add(time.Minute+time.Second)))
			time.Sleep(pause)
			_, err = conn.Read(make([]byte, 1))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.Equal(t, time.Minute+time.Second, time.Since(begin))
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Second)))
			_, err = conn.Read(make([]byte, 1))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.Equal(t, time.Minute+2*time.Second, time.Since(begin))
			require.NoError(t, conn.SetDeadline(time.Time{}))
			conn.Close()
		}
	})
}

// TestRaw: whoever moves the bytes himself gets the connection to the router, unless bytes were read ahead.
func TestRaw(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		raw, ok := conn.(*stream).Raw()
		require.True(t, ok)
		time.Sleep(time.Minute)
		got := make([]byte, len("hello "))
		_, err = io.ReadFull(raw, got)
		require.NoError(t, err)
		assert.Equal(t, "hello ", string(got))
		conn.Close()

		conn, err = client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		_, ok = conn.(*stream).Raw()
		assert.Equal(t, !conn.(*stream).live.profile.lossy, ok)
		_, err = io.ReadFull(conn, got)
		require.NoError(t, err)
		conn.Close()
	})
}

// TestBytesAreCounted: what went through streams, and past them, in all ways, of living and of ended ones.
func TestBytesAreCounted(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, func(conn net.Conn) { io.Copy(conn, conn) })
		const big = countEach*2 + 1000
		for round := int64(1); round <= 2; round++ {
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			_, err = conn.Write(random(1000))
			require.NoError(t, err)
			go conn.(*stream).ReadFrom(bytes.NewReader(make([]byte, big)))
			_, err = io.CopyN(io.Discard, conn, 1000+big)
			require.NoError(t, err)
			synctest.Wait()
			st := client.Status()
			assert.Equal(t, round*(1000+big), st.Sent)
			assert.Equal(t, round*(1000+big), st.Received)
			conn.Close()
		}
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		before := client.Status()
		_, ok := conn.(*stream).Raw()
		require.True(t, ok)
		conn.(*stream).Moved(10, 20)
		assert.Equal(t, before.Received+10, client.Status().Received)
		assert.Equal(t, before.Sent+20, client.Status().Sent)
		conn.Close()
		require.NoError(t, client.Close())
		assert.Equal(t, before.Sent+20, client.Status().Sent, "of a closed session too")
		time.Sleep(time.Minute)
		assert.Equal(t, server.Status().Sent, server.Status().Received)
	})
}
