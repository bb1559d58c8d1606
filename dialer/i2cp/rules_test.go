package i2cp

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
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

// What a client must do on any router is looked at by strict networks in all tests; those here bring about what makes it hard.

var routerKinds = []i2cptest.Kind{i2cptest.Instant, i2cptest.Java, i2cptest.I2PD256, i2cptest.I2PD259}

// each runs a test for each kind of router, on a strict network, in fake time.
func each(t *testing.T, f func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind)) {
	for _, kind := range routerKinds {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, i2cptest.NewStrict(t), kind) })
		})
	}
}

// must opens a listener.
func must(t *testing.T, s *Session, address string) net.Listener {
	ln, err := s.Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	return ln
}

// Each connection has one session, and each session one connection.
func TestOneSessionPerConnection(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		s := on(t, r)
		require.NoError(t, s.Up(t.Context()))
		for range 3 {
			r.DropSessions()
			synctest.Wait()
			require.NoError(t, s.Up(t.Context()))
		}
		assert.Equal(t, r.Stats().Connections, r.Count("CreateSession"))
		assert.Len(t, r.Sessions(), 1)
	})
}

// All that is signed has the router's date, however wrong it or ours is.
func TestRoutersClock(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		for _, offset := range []time.Duration{-50 * time.Hour, 50 * time.Hour} {
			s := on(t, nw.Start(&i2cptest.Router{Kind: kind, ClockOffset: offset}))
			require.NoError(t, s.Up(t.Context()))
		}
	})
}

// A generated identity has the crypto type that all routers take.
func TestCryptoType(t *testing.T) {
	nw := i2cptest.NewStrict(t)
	s := on(t, nw.Start(nil))
	assert.Equal(t, keys.ElGamal, s.Addr().Destination.CryptoType())
}

func TestOptionsOfSession(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		s := on(t, r, func(s *Session) {
			s.Inbound, s.Outbound = Tunnels{Length: 2, Quantity: 4, LengthVariance: 1, Backup: 1}, Tunnels{Length: -1}
			s.DialOnly, s.Nickname = true, "me"
			s.Options = map[string]string{"i2cp.gzip": "false"}
		})
		require.NoError(t, s.Up(t.Context()))
		assert.Equal(t, map[string]string{
			"i2cp.fastReceive": "true", "i2cp.leaseSetType": "3", "i2cp.leaseSetEncType": "4", "i2cp.messageReliability": "none",
			"inbound.length": "2", "inbound.quantity": "4", "inbound.lengthVariance": "1", "inbound.backupQuantity": "1",
			"outbound.length": "0", "outbound.quantity": "3", "inbound.nickname": "me", "outbound.nickname": "me",
			"i2cp.dontPublishLeaseSet": "true", "i2cp.gzip": "false",
		}, r.Sessions()[0].Options)
		require.NoError(t, s.Close())

		require.NoError(t, on(t, r).Up(t.Context()))
		assert.Equal(t, map[string]string{
			"i2cp.fastReceive": "true", "i2cp.leaseSetType": "3", "i2cp.leaseSetEncType": "4", "i2cp.messageReliability": "none",
			"inbound.length": "3", "inbound.quantity": "3", "outbound.length": "3", "outbound.quantity": "3",
			"inbound.nickname": "i2psocks", "outbound.nickname": "i2psocks",
		}, r.Sessions()[0].Options)
	})
}

// Lease sets are answered while nobody reads datagrams or streams, and while a signer keeps packets waiting.
func TestLeaseSetsPassBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		id, err := keys.Generate()
		require.NoError(t, err)
		a, b := on(t, nw.Start(nil), func(s *Session) { s.DatagramRate = -1 }), on(t, r, func(s *Session) { s.Signer = slowly{id} })
		ln := must(t, b, ":80")
		pc, err := b.ListenPacket(t.Context(), "i2p-raw", ":1")
		require.NoError(t, err)
		out, err := a.ListenPacket(t.Context(), "i2p-raw", ":2")
		require.NoError(t, err)
		conn, err := a.DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		go conn.Write(make([]byte, 10<<20)) // more than fits; the test's end frees it
		for range 2000 {
			_, err := out.WriteTo(make([]byte, 1000), pc.LocalAddr())
			require.NoError(t, err)
		}
		before := r.Sessions()[0].LeaseSets
		for range 5 {
			r.RequestLeaseSets()
		}
		time.Sleep(9 * time.Second)
		assert.Equal(t, before+5, r.Sessions()[0].LeaseSets)
		assert.NotZero(t, pc.(*PacketConn).Stats().Overflow, "what is not read is dropped here, and not by the router")
		assert.Zero(t, r.Stats().Overflow)
		conn.Close()
	})
}

// slowly signs in a second.
type slowly struct{ keys.Identity }

func (s slowly) Sign(b []byte) ([]byte, error) {
	time.Sleep(time.Second)
	return s.Identity.Sign(b)
}

// Those who are asked for several lease sets in a second, and those who come back within one, still publish newer ones.
func TestPublishedIncreases(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1})
		s := on(t, r)
		require.NoError(t, s.Up(t.Context()))
		for range 3 {
			r.RequestLeaseSets()
		}
		synctest.Wait()
		last := s.published.Load()
		r.DropSessions()
		synctest.Wait()
		require.NoError(t, s.Up(t.Context()))
		assert.Greater(t, s.published.Load(), last)
		time.Sleep(time.Hour) // renewals
		assert.GreaterOrEqual(t, r.Sessions()[0].LeaseSets, 6)
	})
}

func TestTooLargeForRouters(t *testing.T) {
	nw := i2cptest.NewStrict(t)
	a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
	for network, most := range map[string]int{"udp": 60_962, "i2p-raw": 61_417, "i2p-datagram2": 60_960, "i2p-datagram3": 61_383} {
		in, err := b.ListenPacket(t.Context(), network, ":1")
		require.NoError(t, err)
		out, err := a.ListenPacket(t.Context(), network, ":1")
		require.NoError(t, err)
		_, err = out.WriteTo(make([]byte, most+1), in.LocalAddr())
		assert.ErrorIs(t, err, ErrTooLarge)
		assert.ErrorIs(t, err, syscall.EMSGSIZE)
		_, err = out.WriteTo(make([]byte, most), in.LocalAddr())
		require.NoError(t, err)
		n, _, err := in.ReadFrom(make([]byte, 1<<16))
		require.NoError(t, err)
		assert.Equal(t, most, n)
	}
}

// What a router says it has sent has not arrived.
func TestStatusProvesNothing(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		a, b := on(t, r), on(t, nw.Start(nil))
		ln := must(t, b, ":80")
		require.NoError(t, a.Up(t.Context()))
		r.SetLink(i2cptest.Link{Loss: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := a.DialContext(ctx, "tcp", ln.Addr().String())
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		assert.Equal(t, 0, a.Status().Streams)
	})
}

// Nor does the router's word end a stream whose peer has answered.
func TestStatusAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		client, server := streamPair(t, on(t, nw.Start(nil)), on(t, nw.Start(nil)))
		st := client.(*stream)
		st.m.mu.Lock()
		st.status(i2cpwire.StatusBadDestination)
		st.m.mu.Unlock()
		_, err := client.Write([]byte("x"))
		require.NoError(t, err)
		_, err = server.Read(make([]byte, 1))
		require.NoError(t, err)
	})
}

// Datagrams leave at the rate of the session, but for some at once.
func TestDatagramsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil)), on(t, nw.Start(nil))
		in, err := b.ListenPacket(t.Context(), "i2p-raw", ":1")
		require.NoError(t, err)
		out, err := a.ListenPacket(t.Context(), "i2p-raw", ":1")
		require.NoError(t, err)
		var writers sync.WaitGroup
		begin := time.Now()
		for range 4 {
			writers.Go(func() {
				for range 500 {
					_, err := out.WriteTo([]byte("x"), in.LocalAddr())
					assert.NoError(t, err)
				}
			})
		}
		writers.Wait()
		assert.InDelta(t, 2-float64(burst)/1000, time.Since(begin).Seconds(), 0.01)
		require.NoError(t, out.SetWriteDeadline(time.Now().Add(time.Millisecond)))
		for err == nil {
			_, err = out.WriteTo([]byte("x"), in.LocalAddr())
		}
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

// forger has a session made, and signs nothing else.
type forger struct {
	keys.Identity
	m *sync.Map // of what was signed well
}

func (f forger) Sign(b []byte) ([]byte, error) {
	sig, err := f.Identity.Sign(b)
	if _, off := f.m.Load("forging"); off {
		sig[5] ^= 1
	}
	return sig, err
}

// Nobody is taken for who they have not proven to be.
func TestForgeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		id, err := keys.Generate()
		require.NoError(t, err)
		f := forger{id, new(sync.Map)}
		a, b := on(t, nw.Start(nil), func(s *Session) { s.Signer = f }), on(t, nw.Start(nil))
		ln := must(t, b, ":80")
		in, err := b.ListenPacket(t.Context(), "udp", ":1")
		require.NoError(t, err)
		out, err := a.ListenPacket(t.Context(), "udp", ":1")
		require.NoError(t, err)
		f.m.Store("forging", true)
		_, err = out.WriteTo([]byte("forged"), in.LocalAddr())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = a.DialContext(ctx, "tcp", ln.Addr().String())
		require.ErrorIs(t, err, dialer.ErrTimeout)
		require.NoError(t, in.SetReadDeadline(time.Now().Add(time.Second)))
		_, _, err = in.ReadFrom(make([]byte, 100))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, uint64(1), in.(*PacketConn).Stats().Malformed)
		assert.Zero(t, b.Status().Streams)

		f.m.Delete("forging")
		conn, err := a.DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		conn.Close()
	})
}

// A connection that ends is a session that has ended; the next one has the same keys, and comes soon.
func TestReconnects(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		var mu sync.Mutex
		var states []dialer.State
		s := on(t, r, func(s *Session) {
			s.StatusChanged = func(st dialer.Status) {
				mu.Lock()
				defer mu.Unlock()
				states = append(states, st.State)
			}
		})
		require.NoError(t, s.Up(t.Context()))
		id := s.Addr()
		r.DropSessions()
		synctest.Wait()
		assert.Equal(t, dialer.Down, s.Status().State)
		assert.ErrorIs(t, s.Status().Err, dialer.ErrRouterDown)
		begin := time.Now()
		require.NoError(t, s.Up(t.Context()))
		assert.Less(t, time.Since(begin), 15*time.Second)
		assert.Equal(t, id, s.Addr())
		assert.Equal(t, id.Destination, r.Sessions()[0].Destination)
		s.Close()
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, []dialer.State{dialer.Starting, dialer.Up, dialer.Down, dialer.Up, dialer.Closed}, states)
	})
}

func TestIdentityInUse(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		a := on(t, r)
		require.NoError(t, a.Up(t.Context()))
		b := on(t, r, func(s *Session) { s.Identity = a.Identity })
		err := b.Up(t.Context())
		assert.ErrorIs(t, err, dialer.ErrIdentityInUse)
		require.NoError(t, a.Close())
		f := i2cptest.Fault{On: "CreateSession", Times: 4, Status: 3}
		if kind == i2cptest.Java {
			f.Status, f.Disconnect = 0, "duplicate destination"
		}
		r.Inject(f) // as if another process had it
		assert.ErrorIs(t, b.Up(t.Context()), dialer.ErrIdentityInUse)
		require.NoError(t, b.Up(t.Context()))
	})
}

// A router that hangs is noticed, as is one to which the way is cut.
func TestHangingRouter(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		s := on(t, r)
		require.NoError(t, s.Up(t.Context()))
		time.Sleep(5 * time.Minute)
		require.Equal(t, dialer.Up, s.Status().State, "a silent one that answers stays")
		r.Inject(i2cptest.Fault{On: "GetBandwidthLimits", Ignore: true})
		time.Sleep(2 * time.Minute)
		assert.ErrorIs(t, s.Status().Err, dialer.ErrRouterDown)
		require.NoError(t, s.Up(t.Context()))
		assert.Equal(t, 2, r.Stats().Connections)
	})
}
