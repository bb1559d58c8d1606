package i2cp_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

var directly = i2cp.Tunnels{Length: -1, Quantity: 2}

// over returns a session over I2CP on a real router, that ends with the test.
func over(t testing.TB, nw *i2pnet.Network, router int, edit ...func(*i2cp.Session)) *i2cp.Session {
	s := &i2cp.Session{Address: nw.I2CP(router), DialRouter: nw.DialContext, Inbound: directly, Outbound: directly}
	for _, f := range edit {
		f(s)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// overSAM returns one over SAM.
func overSAM(t testing.TB, nw *i2pnet.Network, router int) *sam.Session {
	s := &sam.Session{
		Address: nw.SAM(router), DialBridge: nw.DialContext,
		Inbound: sam.Tunnels{Length: -1, Quantity: 1}, Outbound: sam.Tunnels{Length: -1, Quantity: 1},
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// listen starts sessions at the same time and returns their listeners.
func listen(t testing.TB, backends ...dialer.Backend) []net.Listener {
	listeners := make([]net.Listener, len(backends))
	var starting errgroup.Group
	for i, b := range backends {
		starting.Go(func() (err error) {
			listeners[i], err = b.Listen(t.Context(), "tcp", ":80")
			return err
		})
	}
	require.NoError(t, starting.Wait())
	return listeners
}

// dialUntil dials until the peer is known, as a fresh lease set takes some seconds, and until i2pd up to 2.58 has got over the
// loss of a first message, which takes it two minutes.
func dialUntil(ctx context.Context, from dialer.Backend, to net.Addr) (conn net.Conn, err error) {
	for begin := time.Now(); time.Since(begin) < 3*time.Minute; {
		if conn, err = from.DialContext(ctx, "tcp", to.String()); err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// find waits until the router has found a peer, which is told nothing.
func find(t testing.TB, from *i2cp.Session, to net.Addr) {
	require.Eventually(t, func() bool {
		_, err := from.Lookup(t.Context(), to.(dialer.Addr).Host)
		return err == nil
	}, time.Minute, time.Millisecond)
}

// swap has both ends of a stream send a flow of bytes to each other, and compares what arrives.
func swap(ctx context.Context, from dialer.Backend, ln net.Listener, size int64) error {
	client, err := dialUntil(ctx, from, ln.Addr())
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer client.Close()
	var both errgroup.Group
	both.Go(func() error {
		server, err := ln.Accept()
		if err != nil {
			return err
		}
		defer server.Close()
		return flow(server, size, 1, 2)
	})
	both.Go(func() error { return flow(client, size, 2, 1) })
	return both.Wait()
}

// flow writes one series and reads another, at once.
func flow(c net.Conn, size int64, out, in byte) error {
	c.SetDeadline(time.Now().Add(90*time.Second + time.Duration(size>>16)*time.Second))
	var both errgroup.Group
	both.Go(func() error {
		_, err := io.Copy(c, io.LimitReader(rand.NewChaCha8([32]byte{out}), size))
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	})
	both.Go(func() error {
		got, want := sha256.New(), sha256.New()
		n, err := io.CopyN(got, c, size)
		if err != nil {
			return fmt.Errorf("read %d of %d bytes: %w", n, size, err)
		}
		io.CopyN(want, rand.NewChaCha8([32]byte{in}), size)
		if string(got.Sum(nil)) != string(want.Sum(nil)) {
			return errors.New("the bytes are others")
		}
		return nil
	})
	return both.Wait()
}

// TestStreamsOnRouters carries streams between two real routers: ours to ours, and to and from a program that speaks SAM.
func TestStreamsOnRouters(t *testing.T) {
	t.Parallel()
	nw := routers.Require(t)
	ours, theirs, same := over(t, nw, 0), overSAM(t, nw, 1), over(t, nw, 1)
	lns := listen(t, ours, theirs, same)
	for _, tt := range []struct {
		name string
		from dialer.Backend
		to   net.Listener
	}{
		{"ours to ours", ours, lns[2]}, {"ours to SAM", ours, lns[1]}, {"SAM to ours", theirs, lns[0]},
		{"to the same router", same, lns[1]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			require.NoError(t, swap(t.Context(), tt.from, tt.to, 1<<20))
			t.Logf("1 MiB each way in %v", time.Since(begin))
		})
	}
	assert.Contains(t, ours.Status().Router, "i2pd")
	trip, err := ours.Ping(t.Context(), theirs.Addr().Host)
	require.NoError(t, err, "i2pd answers")
	t.Logf("ping in %v", trip)
}
