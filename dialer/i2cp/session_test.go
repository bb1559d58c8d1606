package i2cp

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
)

// on returns a session on a router, in memory, that ends with the test.
func on(t testing.TB, r *i2cptest.Router, edit ...func(*Session)) *Session {
	s := &Session{DialRouter: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Dial(ctx) }}
	for _, f := range edit {
		f(s)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// What is printed by mistake tells nothing of who talks with whom.
func TestPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		client, server := streamPair(t, a, b)
		for want, v := range map[string]any{
			"i2cp.Conn": client, "i2cp.PacketConn": packetConn(t, a, "udp", ":1"), "i2cp.Session()": a,
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				assert.Equal(t, want, fmt.Sprintf(verb, v), verb)
			}
		}
		assert.Equal(t, "i2cp.Conn", fmt.Sprint(server))
	})
}

// streamPair returns a stream between two sessions.
func streamPair(t testing.TB, from, to *Session) (client, server net.Conn) {
	ln, err := to.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	defer ln.Close()
	client, err = from.DialContext(t.Context(), "tcp", ln.Addr().String())
	require.NoError(t, err)
	server, err = ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestEcho(t *testing.T) {
	nw := i2cptest.NewStrict(t)
	a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
	client, server := streamPair(t, a, b)
	assert.Equal(t, a.Addr().Host, server.RemoteAddr().(dialer.Addr).Host)
	assert.Equal(t, b.Addr().Destination, client.RemoteAddr().(dialer.Addr).Destination)
	go func() {
		io.Copy(server, server)
		server.Close()
	}()
	_, err := io.WriteString(client, "hello")
	require.NoError(t, err)
	require.NoError(t, client.(interface{ CloseWrite() error }).CloseWrite())
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
}

// TestConn holds streams to the rules that all net.Conns keep.
func TestConn(t *testing.T) {
	nw := i2cptest.NewStrict(t)
	client, server := on(t, nw.Start(nil)), on(t, nw.Start(nil))
	ln, err := server.Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		if c1, err = client.DialContext(t.Context(), "tcp", ln.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = ln.Accept(); err != nil {
			return nil, nil, nil, err
		}
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	})
}

// A router gets the same encryption keys for the life of a session, and others for the next.
func TestEncryptionKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t) // which looks at the first half
		r := nw.Start(nil)
		s := on(t, r)
		seen := make(map[string]bool)
		for n := range 3 {
			require.NoError(t, s.Up(t.Context()))
			l, ok := s.keeper.Live()
			require.True(t, ok)
			r.RequestLeaseSets()
			synctest.Wait()
			seen[string(l.keys[0].private.Bytes())] = true
			assert.Len(t, seen, n+1)
			r.DropSessions()
			synctest.Wait()
		}
	})
}
