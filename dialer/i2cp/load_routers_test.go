package i2cp_test

import (
	"context"
	"flag"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

var long = flag.Bool("long", false, "carry 100 MB each way where 1 MiB would do, which takes minutes")

// TestLossyLinksOnRouters carries streams over links of 100 ms there and back that lose 1 % of all packets. All of it
// takes a quarter of an hour:
//
//	go test -run LossyLinksOnRouters -timeout 1h ./dialer/i2cp -long
func TestLossyLinksOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{
		Links: func(int, int) i2pnet.Link { return i2pnet.Link{Delay: 50 * time.Millisecond, Loss: 0.01} },
	})
	size := int64(1 << 20)
	if *long {
		size = 100e6
	}
	ours, theirs, others := over(t, nw, 0), overSAM(t, nw, 1), over(t, nw, 1)
	lns := listen(t, ours, theirs, others)
	for _, tt := range []struct {
		name string
		from dialer.Backend
		to   net.Listener
	}{{"ours to ours", ours, lns[2]}, {"ours to SAM", ours, lns[1]}, {"SAM to ours", theirs, lns[0]}} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			require.NoError(t, swap(t.Context(), tt.from, tt.to, size))
			t.Logf("%d bytes each way in %v", size, time.Since(begin).Round(time.Second))
		})
	}
}

// TestManyStreamsOnRouters opens a thousand streams to a peer that is new, all of which are open at once.
func TestManyStreamsOnRouters(t *testing.T) {
	t.Parallel()
	nw := routers.Require(t)
	a, b := over(t, nw, 0), over(t, nw, 1, func(s *i2cp.Session) { s.Limits = i2cp.Limits{PeerPerMinute: -1, Backlog: -1} })
	ln := listen(t, b)[0]
	find(t, a, ln.Addr())
	const streams = 1000
	begin := time.Now()
	both, ctx := errgroup.WithContext(t.Context())
	defer context.AfterFunc(ctx, func() { ln.Close() })() // a dial that fails ends Accept, too
	both.Go(func() error {
		for range streams {
			conn, err := ln.Accept()
			if err != nil {
				return err
			}
			t.Cleanup(func() { conn.Close() })
			go io.Copy(conn, conn)
		}
		return nil
	})
	conns := make(chan net.Conn, streams)
	for range streams {
		both.Go(func() error {
			conn, err := a.DialContext(ctx, "tcp", ln.Addr().String())
			if err == nil {
				t.Cleanup(func() { conn.Close() })
				conns <- conn
			}
			return err
		})
	}
	require.NoError(t, both.Wait())
	t.Logf("%d streams in %v", streams, time.Since(begin))
	close(conns)
	begin = time.Now()
	var echoes errgroup.Group
	for conn := range conns {
		echoes.Go(func() error {
			conn.SetDeadline(time.Now().Add(time.Minute))
			if _, err := io.WriteString(conn, "hello"); err != nil {
				return err
			}
			_, err := io.ReadFull(conn, make([]byte, 5))
			return err
		})
	}
	require.NoError(t, echoes.Wait())
	t.Logf("an echo on each in %v", time.Since(begin))
}
