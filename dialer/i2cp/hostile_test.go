package i2cp

import (
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/internal/memnet"
)

// frame encodes a message.
func frame(t testing.TB, m i2cpwire.Message) []byte {
	b, err := i2cpwire.Append(nil, m)
	require.NoError(t, err)
	return b
}

func hostReply(t testing.TB, request uint32, destination []byte) []byte {
	return frame(t, i2cpwire.HostReply{Request: request, Code: i2cpwire.HostFound, Destination: destination})
}

// What is no router is told from one, in bounded time.
func TestNoRouter(t *testing.T) {
	tests := map[string]struct {
		answer []byte
		want   error
	}{
		"closes":         {nil, dialer.ErrRouterDown},
		"HTTP":           {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), dialer.ErrRouter},
		"TLS":            {[]byte{0x15, 3, 3, 0, 2, 2, 80}, dialer.ErrRouter},
		"half a SetDate": {[]byte{0, 0, 0, 15, 33, 1, 2, 3}, dialer.ErrRouterDown},
		"short SetDate":  {[]byte{0, 0, 0, 3, 33, 1, 2, 3}, dialer.ErrRouter},
		"another answer": {frame(t, i2cpwire.SessionStatus{}), dialer.ErrRouter},
		"refuses":        {frame(t, i2cpwire.Disconnect{Reason: "go away"}), dialer.ErrRouter},
		"huge":           {[]byte{0x7f, 0xff, 0xff, 0xff, 33}, dialer.ErrRouter},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Session{DialRouter: func(context.Context, string, string) (net.Conn, error) {
					client, server := memnet.Pipe()
					go func() {
						server.Read(make([]byte, 100))
						server.Write(tt.answer)
						server.Close()
					}()
					return client, nil
				}}
				defer s.Close()
				assert.ErrorIs(t, s.Up(t.Context()), tt.want)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := &Session{DialRouter: func(context.Context, string, string) (net.Conn, error) {
			client, server := memnet.Pipe()
			t.Cleanup(func() { server.Close() })
			return client, nil
		}}
		defer s.Close()
		begin := time.Now()
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouterDown, "one that says nothing")
		assert.Equal(t, answerTimeout, time.Since(begin))
	})
}

// Whatever a router refuses a session for, the reason is told.
func TestRefusals(t *testing.T) {
	for reason, want := range map[string]error{
		"duplicate destination": dialer.ErrIdentityInUse, "session limit exceeded": dialer.ErrRouter,
		"Invalid signature on CreateSessionMessage": dialer.ErrRouter,
	} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			r := nw.Start(nil)
			r.Inject(i2cptest.Fault{On: "CreateSession", Disconnect: reason, Times: -1})
			err := on(t, r).Up(t.Context())
			require.ErrorIs(t, err, want)
			assert.ErrorContains(t, err, reason)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		r.Inject(i2cptest.Fault{On: "CreateSession", Disconnect: "no\n\x1b[2Jlevel=ERROR"})
		err := on(t, r).Up(t.Context())
		require.ErrorIs(t, err, dialer.ErrRouter)
		assert.NotContains(t, err.Error(), "\n")
		assert.NotContains(t, err.Error(), "\x1b")
		r.Inject(i2cptest.Fault{On: "CreateSession", Status: 4})
		require.ErrorIs(t, on(t, r).Up(t.Context()), dialer.ErrRouter)
		r.Inject(i2cptest.Fault{On: "RequestVariableLeaseSet", Ignore: true, Times: -1})
		begin := time.Now()
		require.Error(t, on(t, r).Up(t.Context()), "no tunnels ever")
		assert.LessOrEqual(t, time.Since(begin), createTimeout)
	})
}

// A router that talks nonsense is left, and another try made.
func TestNonsense(t *testing.T) {
	for _, nonsense := range [][]byte{
		{0xff, 0xff, 0xff, 0xff, 31}, {0, 0, 0, 1, 31, 0},
		frame(t, i2cpwire.SessionStatus{State: i2cpwire.SessionDestroyed}), frame(t, i2cpwire.Disconnect{Reason: "restart"}),
		frame(t, i2cpwire.MessageStatus{Status: i2cpwire.StatusBadSession}),
	} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			r := nw.Start(nil)
			s := on(t, r)
			require.NoError(t, s.Up(t.Context()))
			r.Inject(i2cptest.Fault{On: "GetBandwidthLimits", Raw: nonsense})
			time.Sleep(2 * time.Minute)
			assert.Error(t, s.Status().Err)
			require.NoError(t, s.Up(t.Context()))
			assert.Equal(t, 2, r.Stats().Connections)
		})
	}
}

// Payloads of all kinds come from anybody; none does harm.
func FuzzPayload(f *testing.F) {
	payload := func(h i2cpwire.Header, data []byte) []byte {
		b, err := i2cpwire.AppendPayload(nil, h, data)
		require.NoError(f, err)
		return b
	}
	for _, protocol := range []uint8{6, 17, 18, 19, 20, 99} {
		f.Add(payload(i2cpwire.Header{Protocol: protocol, From: 1, To: 80}, make([]byte, 600)))
	}
	f.Add([]byte{0x1f, 0x8b})
	s := &Session{}
	require.False(f, s.Addr().Destination.IsZero())
	for _, kind := range kinds {
		p := &PacketConn{s: s, m: s.machine, kind: kind, addr: s.Addr()}
		p.readable.L = &s.machine.mu
		_ = s.machine.bind(p)
	}
	_, err := s.machine.listen(s.Addr())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		s.machine.receive(b)
		s.machine.flush()
		for _, p := range s.machine.packets {
			require.LessOrEqual(t, len(p.queue), backlogPackets)
			require.LessOrEqual(t, p.held, backlogBytes)
		}
	})
}

// FuzzRouter lets a router send anything, in any pieces.
func FuzzRouter(f *testing.F) {
	f.Add(frame(f, i2cpwire.SetDate{Date: time.Unix(1e9, 0), Version: "0.9.68"}), uint64(1))
	f.Add(append(frame(f, i2cpwire.SetDate{Version: "x"}), frame(f, i2cpwire.SessionStatus{Session: 1, State: i2cpwire.SessionCreated})...), uint64(2))
	all := frame(f, i2cpwire.SetDate{Date: time.Now(), Version: "0.9.68"})
	for _, m := range []i2cpwire.Message{
		i2cpwire.SessionStatus{Session: 1, State: i2cpwire.SessionCreated},
		i2cpwire.RequestVariableLeaseSet{Session: 1, Leases: []i2cpwire.Lease{{End: time.Now().Add(time.Minute)}}},
		i2cpwire.HostReply{Session: 1, Request: 1}, i2cpwire.MessageStatus{Nonce: 1}, i2cpwire.MessagePayload{Payload: []byte{1}},
	} {
		all = append(all, frame(f, m)...)
	}
	f.Add(all, uint64(3))
	f.Fuzz(func(t *testing.T, sent []byte, seed uint64) {
		s := &Session{DialRouter: func(context.Context, string, string) (net.Conn, error) {
			client, server := memnet.Pipe()
			go func() {
				random := rand.New(rand.NewPCG(seed, 0))
				for rest := sent; len(rest) > 0; {
					n := min(1+random.IntN(64), len(rest))
					server.Write(rest[:n])
					rest = rest[n:]
				}
				server.Close()
			}()
			return client, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = s.Up(ctx)
		require.NoError(t, s.Close())
	})
}

// A session that is being started can be closed, and given up by who waits for it.
func TestCloseWhileStarting(t *testing.T) {
	for _, fault := range []string{"GetDate", "CreateSession", "RequestVariableLeaseSet", "HostLookup"} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			r := nw.Start(nil)
			r.Inject(i2cptest.Fault{On: fault, Ignore: true})
			s := on(t, r)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			assert.ErrorIs(t, s.Up(ctx), dialer.ErrTimeout, fault)
			up := make(chan error, 1)
			go func() { up <- s.Up(t.Context()) }()
			synctest.Wait()
			begin := time.Now()
			require.NoError(t, s.Close())
			assert.Less(t, time.Since(begin), time.Second, fault)
			assert.ErrorIs(t, <-up, dialer.ErrSessionClosed, fault)
		})
	}
}

// A router that asks and never listens makes nothing grow.
func TestRouterTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, gone := 0, make(chan struct{})
		s := &Session{DialRouter: func(context.Context, string, string) (net.Conn, error) {
			client, server := memnet.Pipe()
			go func() {
				server.Read(make([]byte, 4096)) // the greeting
				server.Write(frame(t, i2cpwire.SetDate{Date: time.Now(), Version: "0.9.68"}))
				server.Read(make([]byte, 4096)) // CreateSession
				server.Write(frame(t, i2cpwire.SessionStatus{Session: 1, State: i2cpwire.SessionCreated}))
				request := frame(t, i2cpwire.RequestVariableLeaseSet{Session: 1, Leases: []i2cpwire.Lease{{End: time.Now().Add(time.Minute)}}})
				for {
					if _, err := server.Write(request); err != nil {
						server.Close()
						close(gone)
						return
					}
					asked++
					synctest.Wait() // until it is answered
				}
			}()
			return client, nil
		}}
		err := s.Up(t.Context())
		assert.ErrorIs(t, err, dialer.ErrRouterDown)
		require.NoError(t, s.Close())
		<-gone
		assert.Greater(t, asked, 1000)
	})
}

// A router that does not say what it is counts as i2pd, after some seconds.
func TestUnknownRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := i2cptest.NewStrict(t).Start(&i2cptest.Router{Kind: i2cptest.Java, BuildTime: -1})
		r.Inject(i2cptest.Fault{On: "HostLookup", Ignore: true})
		s := on(t, r)
		begin := time.Now()
		require.NoError(t, s.Up(t.Context()))
		assert.Equal(t, answerTimeout, time.Since(begin))
		assert.Contains(t, s.Status().Router, "i2pd")
	})
}

// What a router says of itself is shown as one line of text.
func TestRouterName(t *testing.T) {
	l := &live{session: &Session{}, version: "0.9.70\x1b[2J\nlevel=ERROR"}
	assert.Equal(t, "i2pd, I2CP 0.9.70?[2J?level=ERROR", l.Router())
}
