package socks

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/socks/internal/parking"
)

// A relay that is parked goes on at whatever happens, and ends as any other.
func TestParkedRelayGoesOn(t *testing.T) {
	cause := errors.New("cause")
	type relayed struct {
		client, far, peer net.Conn
		cancel            context.CancelCauseFunc
		watch             *watch
	}
	echoes := func(t *testing.T, from, to net.Conn) {
		_, err := from.Write([]byte("hello"))
		require.NoError(t, err)
		buf := make([]byte, 5)
		_, err = io.ReadFull(to, buf)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(buf))
	}
	for name, c := range map[string]struct {
		happens func(*testing.T, relayed)
		err     error
	}{
		"client writes":  {func(t *testing.T, r relayed) { echoes(t, r.client, r.peer); r.peer.Close() }, nil},
		"peer writes":    {func(t *testing.T, r relayed) { echoes(t, r.peer, r.client); r.peer.Close() }, nil},
		"peer ends":      {func(_ *testing.T, r relayed) { r.peer.Close() }, nil},
		"client is gone": {func(_ *testing.T, r relayed) { r.client.Close() }, errClientGone},
		"half-close": {func(t *testing.T, r relayed) {
			closeWrite(r.client)
			waitFor(t, "to be parked with one direction", func() bool {
				r.watch.mu.Lock()
				defer r.watch.mu.Unlock()
				return r.watch.half && r.watch.state == parked
			})
			echoes(t, r.peer, r.client)
			r.peer.Close()
		}, nil},
		"server ends it": {func(_ *testing.T, r relayed) { r.cancel(cause) }, cause},
		"it is idle":     {func(_ *testing.T, r relayed) { r.watch.opt.IdleTimeout = 1; r.watch.tick() }, os.ErrDeadlineExceeded},
		"closed here":    {func(_ *testing.T, r relayed) { r.far.Close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			var lot parking.Lot
			defer lot.Close()
			r := relayed{}
			near, client := tcpPair(t)
			far, peer := streamPair(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			done := make(chan error, 1)
			opt := relayOptions{ReadAhead: 1 << 20, IdleTimeout: time.Hour, HalfCloseTimeout: time.Hour, Lot: &lot, ParkAfter: time.Millisecond, Halves: new(halfClosed)}
			defer opt.Halves.close()
			w := newRelay(ctx, near, far, opt, func(_ *watch, _ relayStats, err error) { done <- err })
			go w.begin(nil)
			waitFor(t, "to be parked", func() bool { return lot.Len() == 1 })
			r = relayed{client, far, peer, cancel, w}
			c.happens(t, r)
			assert.ErrorIs(t, <-done, c.err)
			assert.Zero(t, lot.Len())
		})
	}
}

// Many relays pause at random, and are parked at any moment: every byte arrives.
func TestParkingLosesNothing(t *testing.T) {
	var lot parking.Lot
	defer lot.Close()
	var wg sync.WaitGroup
	for i := range 24 {
		near, client := tcpPair(t)
		far, peer := streamPair(t)
		ahead := []int{0, 1 << 20}[i%2]
		done := make(chan error, 1)
		opt := relayOptions{ReadAhead: ahead, IdleTimeout: time.Minute, Lot: &lot, ParkAfter: time.Duration(1+rand.IntN(300)) * time.Microsecond}
		w := newRelay(t.Context(), near, far, opt, func(_ *watch, _ relayStats, err error) { done <- err })
		go w.begin(nil)
		up, down := random(300_000, byte(i)), random(300_000, byte(i+100))
		talk := func(c net.Conn, say, hear []byte) {
			var both sync.WaitGroup
			both.Go(func() {
				for p := say; len(p) > 0; {
					n := min(len(p), 1+rand.IntN(20_000))
					if _, err := c.Write(p[:n]); !assert.NoError(t, err) {
						return
					}
					p = p[n:]
					time.Sleep(time.Duration(rand.IntN(400)) * time.Microsecond)
				}
			})
			got := make([]byte, len(hear))
			_, err := io.ReadFull(c, got)
			assert.NoError(t, err)
			assert.Equal(t, sum(hear), sum(got))
			both.Wait()
		}
		wg.Go(func() { talk(client, up, down) })
		wg.Go(func() {
			talk(peer, down, up)
			peer.Close()
			assert.NoError(t, <-done)
		})
	}
	wg.Wait()
	assert.Zero(t, lot.Len())
}

// A server ends its parked streams when it is closed, and waits for them when it drains.
func TestServerOfParkedStreams(t *testing.T) {
	for _, drains := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		srv := &Server{Dialer: newKeeper(t)}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		d := &Dialer{Address: l.Addr().String()}
		c, err := d.Dial("tcp", "site.i2p:80")
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		require.NoError(t, err)
		waitFor(t, "to be parked", func() bool { return srv.lot.Len() == 1 })
		down := make(chan error, 1)
		if drains {
			go func() { down <- srv.Shutdown(t.Context()) }()
			assert.ErrorIs(t, <-served, ErrServerClosed)
			assert.Empty(t, down)
			require.NoError(t, c.Close())
		} else {
			require.NoError(t, srv.Close())
			_, err = c.Read(make([]byte, 1))
			assert.Error(t, err)
			go func() { down <- srv.Shutdown(t.Context()) }()
		}
		assert.NoError(t, <-down)
		c.Close()
		assert.Zero(t, srv.lot.Len())
	}
}
