package i2cp

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/keys"
)

// strangers are two sessions on routers that lose what follows a first message, far from each other.
func strangers(t *testing.T, kind i2cptest.Kind) (nw *i2cptest.Network, a, b *Session) {
	nw = i2cptest.NewStrict(t)
	link := i2cptest.Link{Delay: 300 * time.Millisecond}
	many := func(s *Session) { s.Limits.PeerPerMinute = -1 }
	a = on(t, nw.Start(&i2cptest.Router{Kind: kind, Link: link}), many)
	b = on(t, nw.Start(&i2cptest.Router{Kind: kind, Link: link}), many)
	require.NoError(t, a.Up(t.Context()))
	require.NoError(t, b.Up(t.Context()))
	return nw, a, b
}

// listener80 listens on port 80.
func listener80(t *testing.T, s *Session) net.Listener {
	ln, err := s.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	return ln
}

// Datagrams of all kinds to a peer that is new arrive, though routers lose what is not answered yet.
func TestFirstDatagrams(t *testing.T) {
	for _, kind := range []i2cptest.Kind{i2cptest.I2PD256, i2cptest.I2PD259, i2cptest.Java} {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, a, b := strangers(t, kind)
				const each = 10
				var all errgroup.Group
				for _, network := range networks[1:] {
					out, in := packetConn(t, a, network, ":1"), packetConn(t, b, network, ":1")
					require.NoError(t, in.SetReadDeadline(time.Now().Add(9*time.Second)))
					all.Go(func() error {
						for i := range each {
							if _, err := out.WriteTo(fmt.Append(nil, i), in.LocalAddr()); err != nil {
								return err
							}
						}
						return nil
					})
					all.Go(func() error {
						buf := make([]byte, 100)
						for i := range each {
							n, _, err := in.ReadFrom(buf)
							if err != nil {
								return fmt.Errorf("%s %d: %w", network, i, err)
							}
							assert.Equal(t, fmt.Sprint(i), string(buf[:n]), "in order")
							if _, err := in.WriteTo([]byte("heard"), out.LocalAddr()); err != nil {
								return err
							}
						}
						return nil
					})
				}
				require.NoError(t, all.Wait())
			})
		})
	}
}

// Dials of a new peer, all at once, open as soon as it has answered the first.
func TestFirstDials(t *testing.T) {
	for _, kind := range []i2cptest.Kind{i2cptest.I2PD256, i2cptest.I2PD259} {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, a, b := strangers(t, kind)
				ln := listener80(t, b)
				begin := time.Now()
				var dials errgroup.Group
				for range 500 {
					dials.Go(func() error {
						_, err := a.DialContext(t.Context(), "tcp", ln.Addr().String())
						return err
					})
				}
				for range 500 {
					_, err := ln.Accept()
					require.NoError(t, err)
				}
				require.NoError(t, dials.Wait())
				assert.Less(t, time.Since(begin), 8*time.Second)
			})
		})
	}
}

// Those of a peer that is silent fail together, after one has called.
func TestDialsOfTheSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw, _, b := strangers(t, i2cptest.I2PD256)
		const patience = 20 * time.Second
		a := on(t, nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD256}), func(s *Session) { s.StreamTimeout = patience })
		require.NoError(t, a.Up(t.Context()))
		to := b.Addr()
		to.Port = 80
		require.NoError(t, b.Close())
		var dials errgroup.Group
		for range 500 {
			dials.Go(func() error {
				_, err := a.DialContext(t.Context(), "tcp", to.String())
				assert.ErrorIs(t, err, dialer.ErrTimeout)
				return nil
			})
		}
		begin := time.Now()
		time.Sleep(time.Second)
		assert.Equal(t, 1, a.Status().Streams, "one calls")
		require.NoError(t, dials.Wait())
		assert.InDelta(t, patience.Seconds(), time.Since(begin).Seconds(), 1)
	})
}

// A stream that is idle for hours goes on, though both ends ask after each other.
func TestIdleOnI2PD(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := strangers(t, i2cptest.I2PD256)
		client, server := streamPair(t, a, b)
		for range 3 {
			time.Sleep(time.Hour)
			for _, way := range [][2]io.ReadWriter{{client, server}, {server, client}} {
				_, err := io.WriteString(way[0], "still there")
				require.NoError(t, err)
				_, err = io.ReadFull(way[1], make([]byte, 11))
				require.NoError(t, err)
			}
		}
	})
}

// A first message that is lost costs a stream two minutes, and no more.
func TestFirstMessageIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		near := nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD256})
		client, server := streamPair(t, on(t, near), on(t, nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD256})))
		time.Sleep(3 * time.Minute)
		near.SetLink(i2cptest.Link{Loss: 1})
		_, err := io.WriteString(client, "lost")
		require.NoError(t, err)
		time.Sleep(time.Second)
		near.SetLink(i2cptest.Link{})
		begin := time.Now()
		_, err = io.ReadFull(server, make([]byte, 4))
		require.NoError(t, err)
		assert.InDelta(t, 124, time.Since(begin).Seconds(), 5)
	})
}

// What a stream holds when its router is started again goes first, and not the end of another, to which nothing comes back.
func TestRestartAfterReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		near := nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD256})
		a, b := on(t, near), on(t, nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD256}))
		cut, _ := streamPair(t, a, b)
		client, server := streamPair(t, a, b)
		for range 3 { // which tells how long a round trip takes
			_, err := io.WriteString(client, "soon")
			require.NoError(t, err)
			_, err = io.ReadFull(server, make([]byte, 4))
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		require.NoError(t, cut.(halfCloser).SetLinger(0))
		require.NoError(t, cut.Close())
		time.Sleep(100 * time.Millisecond)
		near.Kill()
		time.Sleep(2 * time.Second)
		_, err := io.WriteString(client, "late")
		require.NoError(t, err)
		require.NoError(t, near.Restart())
		begin := time.Now()
		_, err = io.ReadFull(server, make([]byte, 4))
		require.NoError(t, err)
		assert.Less(t, time.Since(begin), 20*time.Second)
	})
}

// Two that call each other at the same moment hear nothing, as their routers have begun two sessions. It ends.
func TestCrossing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := strangers(t, i2cptest.I2PD256)
		lna, lnb := listener80(t, a), listener80(t, b)
		var both errgroup.Group
		both.Go(func() error { _, err := a.DialContext(t.Context(), "tcp", lnb.Addr().String()); return err })
		both.Go(func() error { _, err := b.DialContext(t.Context(), "tcp", lna.Addr().String()); return err })
		require.ErrorIs(t, both.Wait(), dialer.ErrTimeout)
		time.Sleep(10 * time.Second)
		_, err := a.DialContext(t.Context(), "tcp", lnb.Addr().String())
		require.NoError(t, err)
	})
}

// A first call that is lost on the way to a signer, who is too busy, is made again as soon as others are.
func TestFirstIsNotSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		id, err := keys.Generate()
		require.NoError(t, err)
		a, b := on(t, nw.Start(nil), func(s *Session) { s.Signer = slowly{id} }), on(t, nw.Start(nil))
		ln := listener80(t, b)
		require.NoError(t, a.Up(t.Context()))
		busy := func(n int) {
			a.machine.mu.Lock()
			defer a.machine.mu.Unlock()
			a.machine.signing += n
		}
		busy(maxSigning)
		time.AfterFunc(time.Second, func() { busy(-maxSigning) })
		begin := time.Now()
		_, err = a.DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		assert.Less(t, time.Since(begin), 10*time.Second)
	})
}

// Java I2P may say nothing of what it has sent to nobody: what could be sent again takes no more memory than what waits.
func TestFirstsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		near := nw.Start(&i2cptest.Router{Kind: i2cptest.Java})
		a, b := on(t, near), on(t, nw.Start(&i2cptest.Router{Kind: i2cptest.Java}))
		out := packetConn(t, a, "i2p-datagram2", ":1")
		to := packetConn(t, b, "i2p-datagram2", ":1").LocalAddr()
		near.SetLink(i2cptest.Link{Loss: 1})
		heap := func() int {
			synctest.Wait()
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		before := heap()
		payload := make([]byte, 20_000)
		_, _ = rand.NewChaCha8([32]byte{}).Read(payload)
		for range 1000 {
			_, err := out.WriteTo(payload, to)
			require.NoError(t, err)
			time.Sleep(10 * time.Millisecond)
		}
		grown := heap() - before
		t.Logf("%d KiB", grown>>10)
		assert.Less(t, grown, 5<<20)
	})
}
