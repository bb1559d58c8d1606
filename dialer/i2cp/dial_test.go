package i2cp

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/keys"
)

func TestDialErrors(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		a := on(t, nw.Start(&i2cptest.Router{Kind: kind}))
		b := on(t, nw.Start(nil))
		require.NoError(t, b.Up(t.Context()))
		stranger, err := keys.Generate()
		require.NoError(t, err)
		for _, tt := range []struct {
			address string
			want    error
		}{
			{"example.com:80", dialer.ErrNotI2P}, {"127.0.0.1:80", dialer.ErrNotI2P}, {"x.i2p", dialer.ErrBadDestination},
			{"nobody.i2p:80", dialer.ErrNameNotFound},
			{stranger.String() + ":80", dialer.ErrLeaseSetNotFound},
			{stranger.Destination().Base64() + ":80", dialer.ErrLeaseSetNotFound},
			{b.Addr().Host + ":80", dialer.ErrRefused},
		} {
			begin := time.Now()
			_, err := a.DialContext(t.Context(), "tcp", tt.address)
			require.ErrorIs(t, err, tt.want, tt.address)
			opErr, ok := errors.AsType[*net.OpError](err)
			require.True(t, ok)
			assert.Equal(t, "i2p", opErr.Net)
			assert.Less(t, time.Since(begin), time.Minute, tt.address)
		}
		_, err = a.Dial("udp", b.Addr().String())
		assert.ErrorAs(t, err, new(net.UnknownNetworkError))
		_, err = a.Lookup(t.Context(), "stranger.i2p")
		assert.ErrorIs(t, err, dialer.ErrNameNotFound)
		assert.Zero(t, a.Status().Streams)
	})
}

// A peer that comes up while it is dialled is found.
func TestDialFindsNewcomer(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		a := on(t, nw.Start(&i2cptest.Router{Kind: kind}))
		require.NoError(t, a.Up(t.Context()))
		for _, long := range []bool{false, true} {
			b := on(t, nw.Start(nil))
			address := b.Addr().Host + ":80"
			if long {
				address = b.Addr().Destination.Base64() + ":80"
			}
			go func() {
				time.Sleep(4500 * time.Millisecond) // not when the dial tries again
				if ln, err := b.Listen(t.Context(), "tcp", ":80"); err == nil {
					defer ln.Close()
					ln.Accept()
				}
			}()
			conn, err := a.DialContext(t.Context(), "tcp", address)
			require.NoError(t, err)
			conn.Close()
		}
	})
}

func TestDialCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		a, b := on(t, r), on(t, nw.Start(nil))
		ln := must(t, b, ":80")
		require.NoError(t, a.Up(t.Context()))
		r.SetLink(i2cptest.Link{Loss: 1})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := a.DialContext(ctx, "tcp", ln.Addr().String())
		assert.ErrorIs(t, err, context.Canceled)
		assert.Zero(t, a.Status().Streams)
	})
}

// Listeners have the ports that they say; what is for port 0 is for the only one.
func TestPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		http := must(t, b, ":80")
		reach := func(port string, want net.Listener) {
			t.Helper()
			conn, err := a.DialContext(t.Context(), "tcp", b.Addr().Host+":"+port)
			if want == nil {
				require.ErrorIs(t, err, dialer.ErrRefused)
				return
			}
			require.NoError(t, err)
			in, err := want.Accept()
			require.NoError(t, err)
			assert.Equal(t, want.Addr().(dialer.Addr).Host, in.LocalAddr().(dialer.Addr).Host)
			conn.Close()
			in.Close()
		}
		reach("80", http)
		reach("0", http)
		reach("81", nil)
		_, err := b.Listen(t.Context(), "tcp", ":80")
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		_, err = b.Listen(t.Context(), "tcp", "other.i2p:80")
		require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
		irc := must(t, b, b.Addr().Host+":6667")
		reach("6667", irc)
		reach("0", nil)
		rest := must(t, b, ":0")
		reach("0", rest)
		reach("81", rest)
		reach("80", http)
		require.NoError(t, rest.Close())
		_, err = rest.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorIs(t, rest.Close(), net.ErrClosed)
		reach("81", nil)
	})
}

// Nobody finds an identity that only dials, but those who are dialled.
func TestDialOnly(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		a, b := on(t, nw.Start(&i2cptest.Router{Kind: kind}), func(s *Session) { s.DialOnly = true }), on(t, nw.Start(nil))
		other := on(t, nw.Start(nil))
		_, err := a.Listen(t.Context(), "tcp", ":80")
		require.ErrorIs(t, err, errors.ErrUnsupported)
		client, server := streamPair(t, a, b)
		_, err = server.Write([]byte("answer"))
		require.NoError(t, err)
		_, err = client.Read(make([]byte, 6))
		require.NoError(t, err)
		_, err = other.Lookup(t.Context(), a.Addr().Host)
		assert.ErrorIs(t, err, dialer.ErrLeaseSetNotFound)
		_, err = other.DialContext(t.Context(), "tcp", a.Addr().Destination.Base64()+":80")
		assert.ErrorIs(t, err, dialer.ErrLeaseSetNotFound)
	})
}

// An identity can call itself, which no router would bring.
func TestDialOneself(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		a := on(t, nw.Start(&i2cptest.Router{Kind: kind}))
		client, server := streamPair(t, a, a)
		go func() {
			client.Write(make([]byte, 300_000))
			client.Close()
		}()
		got, err := io.ReadAll(server)
		require.NoError(t, err)
		assert.Len(t, got, 300_000)
	})
}
