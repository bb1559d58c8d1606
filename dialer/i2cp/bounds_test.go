package i2cp

import (
	"context"
	"net"
	"os"
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

// A session that is closed hands out nothing more, also to those who have begun before.
func TestAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		s, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		require.NoError(t, s.Up(t.Context()))
		require.NoError(t, b.Up(t.Context()))
		ln, err := s.Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		require.NoError(t, s.Close())
		_, err = ln.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
		host := b.Addr().String()
		for name, f := range map[string]func() error{
			"Up":           func() error { return s.Up(t.Context()) },
			"DialContext":  func() error { _, err := s.DialContext(t.Context(), "tcp", host); return err },
			"Listen":       func() error { _, err := s.Listen(t.Context(), "tcp", ":81"); return err },
			"ListenPacket": func() error { _, err := s.ListenPacket(t.Context(), "udp", ":81"); return err },
			"Lookup":       func() error { _, err := s.Lookup(t.Context(), "known.i2p"); return err },
			"Ping":         func() error { _, err := s.Ping(t.Context(), b.Addr().Host); return err },

			"a dial that waits": func() error {
				_, err := s.machine.dial(t.Context(), b.Addr().Destination, b.Addr())
				return err
			},
			"a listener that waits":   func() error { _, err := s.machine.listen(s.Addr()); return err },
			"a PacketConn that waits": func() error { return s.machine.bind(&PacketConn{m: s.machine}) },
		} {
			assert.ErrorIs(t, f(), dialer.ErrSessionClosed, name)
			assert.ErrorIs(t, f(), net.ErrClosed, name)
		}
		assert.Equal(t, dialer.Closed, s.Status().State)
		assert.Zero(t, s.Status().Streams)
	})
}

// What is remembered of destinations, and of messages whose fate the router may never tell, is bounded.
func TestMemoriesAreBounded(t *testing.T) {
	s := &Session{}
	defer s.Close()
	require.False(t, s.Addr().Destination.IsZero())
	for range maxNames + 10 {
		id, err := keys.Generate()
		require.NoError(t, err)
		s.names.put(id.Destination())
	}
	assert.Len(t, s.names.list, maxNames)

	first := s.machine.expect(0, func(i2cpwire.DeliveryStatus) { t.Error("the oldest gives way") })
	for range maxNonces {
		s.machine.expect(0, func(i2cpwire.DeliveryStatus) {})
	}
	assert.Len(t, s.machine.nonces, maxNonces)
	s.machine.status(first, i2cpwire.StatusNoLeaseSet)

	var told []i2cpwire.DeliveryStatus
	nonce := s.machine.expect(0, func(status i2cpwire.DeliveryStatus) { told = append(told, status) })
	for _, status := range []i2cpwire.DeliveryStatus{i2cpwire.StatusAccepted, i2cpwire.StatusNoLeaseSet, i2cpwire.StatusNoLeaseSet} {
		s.machine.status(nonce, status)
	}
	assert.Equal(t, []i2cpwire.DeliveryStatus{i2cpwire.StatusAccepted, i2cpwire.StatusNoLeaseSet}, told, "the final one ends it")
}

// Datagrams that nobody reads are dropped and counted beyond 512, or 1 MiB.
func TestUnreadDatagramsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := on(t, i2cptest.NewStrict(t).Start(nil), func(s *Session) { s.DatagramRate = -1 })
		for _, tt := range []struct{ size, sent, kept int }{{1, backlogPackets + 5, backlogPackets}, {32 << 10, 35, backlogBytes >> 15}} {
			pc, err := s.ListenPacket(t.Context(), "i2p-raw", ":1")
			require.NoError(t, err)
			for range tt.sent {
				_, err := pc.WriteTo(make([]byte, tt.size), pc.LocalAddr())
				require.NoError(t, err)
			}
			assert.EqualValues(t, tt.sent-tt.kept, pc.(*PacketConn).Stats().Overflow)
			require.NoError(t, pc.Close())
		}
	})
}

// A router that asks for more lease sets than can be signed has lost its session.
func TestRequestsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewNetwork() // some will not be answered
		defer nw.Close()
		r := nw.Start(nil)
		id, err := keys.Generate()
		require.NoError(t, err)
		s := on(t, r, func(s *Session) { s.Signer = slowly{id} })
		defer s.Close()
		require.NoError(t, s.Up(t.Context()))
		for range maxRequests + 2 { // one is being signed
			r.RequestLeaseSets()
			synctest.Wait()
		}
		assert.ErrorIs(t, s.Status().Err, dialer.ErrRouter)
		require.NoError(t, s.Up(t.Context()))
	})
}

// deaf is a router that makes a session, reads nothing more, and says something from time to time.
func deaf(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	said := [][]byte{
		frame(t, i2cpwire.SetDate{Date: time.Now(), Version: "0.9.65"}),
		frame(t, i2cpwire.SessionStatus{Session: 1, State: i2cpwire.SessionCreated}),
		frame(t, i2cpwire.RequestVariableLeaseSet{Session: 1, Leases: []i2cpwire.Lease{{End: time.Now().Add(time.Minute)}}}),
		frame(t, i2cpwire.HostReply{Session: i2cpwire.NoSession, Request: 1, Code: i2cpwire.HostFailed}),
	}
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe() // which holds nothing
		go func() {
			defer server.Close()
			for i := 0; ; i++ {
				if i < 2 {
					server.Read(make([]byte, 4096))
				}
				if i >= len(said) {
					time.Sleep(20 * time.Second)
				}
				if _, err := server.Write(said[min(i, len(said)-1)]); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		return client, nil
	}
}

// A router that takes nothing for a minute is left, whatever it says.
func TestDeafRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Session{DialRouter: deaf(t)}
		defer time.Sleep(time.Minute) // until it notices
		defer s.Close()
		require.NoError(t, s.Up(t.Context()))
		_, err := s.Lookup(t.Context(), "known.i2p")
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		time.Sleep(writeTimeout)
		assert.ErrorIs(t, s.Status().Err, dialer.ErrRouterDown)
	})
}

// Datagrams that a router does not take wait in their writers.
func TestDatagramsWaitForTheRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Session{DialRouter: deaf(t), DatagramRate: -1}
		defer time.Sleep(time.Minute)
		defer s.Close()
		pc, err := s.ListenPacket(t.Context(), "i2p-raw", ":1")
		require.NoError(t, err)
		id, err := keys.Generate()
		require.NoError(t, err)
		require.NoError(t, pc.SetWriteDeadline(time.Now().Add(time.Second)))
		n := 0
		for ; n < 1000 && err == nil; n++ {
			_, err = pc.WriteTo(make([]byte, 10_000), dialer.AddrOf(id.Destination(), 1))
		}
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		l, _ := s.keeper.Live()
		l.out.mu.Lock()
		defer l.out.mu.Unlock()
		assert.Greater(t, n, 10)
		assert.Less(t, len(l.out.frames), maxOutgoing+20_000)
	})
}

// agent signs when it is told to.
type agent struct {
	keys.Identity
	go_ chan struct{}
}

func (a agent) Sign(b []byte) ([]byte, error) {
	<-a.go_
	return a.Identity.Sign(b)
}

// No more than some packets are with a signer at once; the rest is sent again later.
func TestSigningIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		id, err := keys.Generate()
		require.NoError(t, err)
		a := agent{id, make(chan struct{}, 16)}
		for range 8 {
			a.go_ <- struct{}{} // for the session
		}
		s := on(t, nw.Start(nil), func(s *Session) { s.Signer = a })
		require.NoError(t, s.Up(t.Context()))
		for len(a.go_) > 0 {
			<-a.go_
		}
		m := s.machine
		m.mu.Lock()
		for range maxSigning + 50 {
			id, err := keys.Generate()
			require.NoError(t, err)
			_, err = m.engine.Dial(id.Destination(), 0, 80)
			require.NoError(t, err)
		}
		m.settle()
		m.mu.Unlock()
		synctest.Wait()
		m.mu.Lock()
		assert.Equal(t, maxSigning, m.signing)
		m.mu.Unlock()
		close(a.go_)
		synctest.Wait()
		m.mu.Lock()
		defer m.mu.Unlock()
		assert.Zero(t, m.signing)
	})
}

// What a router says of messages is not about those that another session has sent.
func TestStatusesOfTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{Kind: i2cptest.Java})
		a, b := on(t, r), on(t, nw.Start(nil))
		require.NoError(t, b.Up(t.Context()))
		require.NoError(t, a.Up(t.Context()))
		r.SetLink(i2cptest.Link{Loss: 1})
		go a.DialContext(t.Context(), "tcp", b.Addr().Host+":80")
		time.Sleep(time.Second)
		waiting := func() int {
			a.machine.mu.Lock()
			defer a.machine.mu.Unlock()
			return len(a.machine.nonces)
		}
		require.NotZero(t, waiting())
		r.Kill()
		synctest.Wait()
		assert.Zero(t, waiting())
	})
}
