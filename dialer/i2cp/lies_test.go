package i2cp

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// What a router repeats, or says without being asked, changes nothing.
func TestRouterRepeatsItself(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		a, b := on(t, r), on(t, nw.Start(nil))
		require.NoError(t, a.Up(t.Context()))
		client, server := streamPair(t, a, b)
		stranger, err := keys.Generate()
		require.NoError(t, err)
		id := r.Sessions()[0].ID
		r.Inject(i2cptest.Fault{On: "HostLookup", Raw: slices.Concat(
			frame(t, i2cpwire.Unknown{Kind: 99, Body: []byte("?")}),
			frame(t, i2cpwire.SetDate{Date: time.Unix(0, 0), Version: "0.0.1"}),
			frame(t, i2cpwire.SessionStatus{Session: id, State: i2cpwire.SessionUpdated}),
			frame(t, i2cpwire.SessionStatus{Session: id + 1, State: i2cpwire.SessionCreated}),
			frame(t, i2cpwire.MessageStatus{Session: id, Status: i2cpwire.StatusNoLeaseSet, Nonce: 1 << 30}),
			frame(t, i2cpwire.DestReply{Destination: stranger.Destination().Bytes()}),
			hostReply(t, 1<<30, stranger.Destination().Bytes()),
			hostReply(t, 1, stranger.Destination().Bytes()), // what router it is, which was answered
			hostReply(t, 3, b.Addr().Destination.Bytes()), hostReply(t, 3, stranger.Destination().Bytes()),
			hostReply(t, 2, b.Addr().Destination.Bytes()), hostReply(t, 2, stranger.Destination().Bytes()),
		)})
		d, err := a.Lookup(t.Context(), "known.i2p")
		require.NoError(t, err)
		assert.Equal(t, b.Addr().Destination, d)
		router := a.Status().Router
		r.RequestLeaseSets() // whose answers have the session and the date that they had before, or a strict network fails
		r.RequestLeaseSets()
		synctest.Wait()
		_, err = client.Write([]byte("still there"))
		require.NoError(t, err)
		_, err = server.Read(make([]byte, 20))
		require.NoError(t, err)
		assert.Equal(t, dialer.Up, a.Status().State)
		assert.Equal(t, router, a.Status().Router)
		assert.Equal(t, 1, r.Stats().Connections)
	})
}

// A message that never ends is a router that says nothing.
func TestEndlessMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		s := on(t, r)
		require.NoError(t, s.Up(t.Context()))
		r.Inject(i2cptest.Fault{On: "GetBandwidthLimits", Raw: []byte{0, 1, 0, 0, 31, 1, 2, 3}})
		time.Sleep(pulseAfter + pulseAnswer + time.Millisecond)
		assert.ErrorIs(t, s.Status().Err, dialer.ErrRouterDown)
		require.NoError(t, s.Up(t.Context()))
		assert.Equal(t, 2, r.Stats().Connections)
	})
}

// The destination behind an encrypted name is the one whose key the name holds, whatever the router says.
func TestLieAboutAnEncryptedName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{Kind: i2cptest.Java})
		a, b := on(t, r), on(t, nw.Start(nil), func(s *Session) { s.LeaseSet.Encrypted = true })
		require.NoError(t, a.Up(t.Context()))
		stranger, err := keys.Generate()
		require.NoError(t, err)
		other := b.Addr().Destination.Bytes()
		require.Equal(t, []byte{0, byte(keys.Ed25519)}, other[387:389])
		other[388] = byte(keys.RedDSA) // the same key, by which signatures mean something else
		for i, lie := range [][]byte{stranger.Destination().Bytes(), other} {
			r.Inject(i2cptest.Fault{On: "HostLookup", Raw: hostReply(t, uint32(2+i), lie)})
			_, err = a.Lookup(t.Context(), b.EncryptedHost())
			assert.ErrorIs(t, err, dialer.ErrRouter)
		}
	})
}

// What waits at Close is told that its owner has closed the session, at once.
func TestCloseWhileWaiting(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		s, other := on(t, r), on(t, nw.Start(nil))
		require.NoError(t, other.Up(t.Context()))
		ln := must(t, s, ":80")
		pc, err := s.ListenPacket(t.Context(), "udp", ":1")
		require.NoError(t, err)
		r.Inject(i2cptest.Fault{On: "HostLookup", Ignore: true, Times: -1})
		r.SetLink(i2cptest.Link{Loss: 1})
		ended := make(chan error, 5)
		for _, f := range []func() error{
			func() error { _, err := ln.Accept(); return err },
			func() error {
				_, err := s.DialContext(t.Context(), "tcp", other.Addr().Destination.Base64()+":80")
				return err
			},
			func() error { _, err := s.Lookup(t.Context(), "known.i2p"); return err },
			func() error { _, _, err := pc.ReadFrom(make([]byte, 10)); return err },
			func() error { _, err := pc.WriteTo([]byte("x"), dialer.Addr{Host: "known.i2p"}); return err },
		} {
			go func() { ended <- f() }()
		}
		synctest.Wait()
		begin := time.Now()
		go s.Close()
		for range cap(ended) {
			assert.ErrorIs(t, <-ended, net.ErrClosed)
		}
		assert.Less(t, time.Since(begin), time.Second)
		time.Sleep(time.Minute)
	})
}
