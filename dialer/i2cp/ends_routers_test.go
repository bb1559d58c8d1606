package i2cp_test

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// TestEndsOnRouters closes streams in each way over real routers, and takes routers away.
func TestEndsOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{Routers: 3})
	a, b := over(t, nw, 0), over(t, nw, 1)
	other := over(t, nw, 2, func(s *i2cp.Session) { s.StreamTimeout = 20 * time.Second })
	lns := listen(t, b, over(t, nw, 1)) // i2pd drops a first call that comes right behind another's
	ln := lns[0]
	var calling errgroup.Group
	var far net.Conn
	calling.Go(func() (err error) {
		far, err = dialUntil(t.Context(), other, lns[1].Addr())
		return err
	})

	find(t, a, ln.Addr())
	pair := func() (client, server net.Conn) {
		begin := time.Now()
		client, err := dialUntil(t.Context(), a, ln.Addr())
		require.NoError(t, err)
		server, err = ln.Accept()
		require.NoError(t, err)
		t.Logf("called in %v", time.Since(begin))
		return client, server
	}
	for _, dialerFirst := range []bool{true, false} {
		first, second := pair()
		if !dialerFirst {
			first, second = second, first
		}
		halfClose(t, first, second)
		first, second = pair()
		if !dialerFirst {
			first, second = second, first
		}
		require.NoError(t, first.(interface{ SetLinger(int) error }).SetLinger(0))
		require.NoError(t, first.Close())
		second.SetReadDeadline(time.Now().Add(time.Minute))
		_, err := second.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	}

	// Our router is started again in the middle of a transfer: the stream waits, and goes on.
	client, server := pair()
	var transfer errgroup.Group
	begun := a.Status().Received
	transfer.Go(func() error { return flow(client, 8<<20, 1, 2) })
	transfer.Go(func() error { return flow(server, 8<<20, 2, 1) })
	require.Eventually(t, func() bool { return a.Status().Received-begun > 1<<20 }, time.Minute, time.Millisecond)
	nw.Kill(0)
	require.NoError(t, nw.Restart(t.Context(), 0))
	begin := time.Now()
	require.NoError(t, a.Up(t.Context()))
	t.Logf("the session is back after %v", time.Since(begin))
	begin = time.Now()
	require.NoError(t, transfer.Wait())
	t.Logf("the rest arrived after %v", time.Since(begin))

	// The peer's router goes for good: a typed error in bounded time.
	require.NoError(t, calling.Wait())
	nw.Kill(1)
	begin = time.Now()
	_, err := io.WriteString(far, "anybody?")
	require.NoError(t, err)
	far.SetReadDeadline(begin.Add(time.Minute))
	_, err = far.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ETIMEDOUT)
	t.Logf("the peer is given up after %v", time.Since(begin))
}

// halfClose has one end of a stream say that it is through, and then hear all of the other.
func halfClose(t *testing.T, first, second net.Conn) {
	for _, c := range []net.Conn{first, second} {
		c.SetDeadline(time.Now().Add(time.Minute))
	}
	_, err := io.WriteString(first, "question")
	require.NoError(t, err)
	require.NoError(t, first.(interface{ CloseWrite() error }).CloseWrite())
	got, err := io.ReadAll(second)
	require.NoError(t, err)
	assert.Equal(t, "question", string(got))
	go func() {
		second.Write(make([]byte, 300_000))
		second.Close()
	}()
	got, err = io.ReadAll(first)
	require.NoError(t, err)
	assert.Len(t, got, 300_000, "after our end, all of theirs")
	first.Close()
}

// TestEndsWithSAMOnRouters closes streams with a program that speaks SAM, whose router ends both directions at once.
func TestEndsWithSAMOnRouters(t *testing.T) {
	t.Parallel()
	nw := routers.Require(t)
	ours, theirs := over(t, nw, 0), overSAM(t, nw, 1)
	lns := listen(t, ours, theirs)
	pair := func(oursFirst bool) (our, their net.Conn) {
		from, ln := dialer.Backend(theirs), lns[0]
		if oursFirst {
			from, ln = ours, lns[1]
		}
		client, err := dialUntil(t.Context(), from, ln.Addr())
		require.NoError(t, err)
		client.SetDeadline(time.Now().Add(time.Minute))
		_, err = io.WriteString(client, "h") // i2pd opens streams by their first data
		require.NoError(t, err)
		server, err := ln.Accept()
		require.NoError(t, err)
		server.SetDeadline(time.Now().Add(time.Minute))
		_, err = io.ReadFull(server, make([]byte, 1))
		require.NoError(t, err)
		if oursFirst {
			return client, server
		}
		return server, client
	}
	for _, oursFirst := range []bool{true, false} {
		// Our end is held back until theirs, and all of it arrives.
		our, their := pair(oursFirst)
		_, err := io.WriteString(our, "question")
		require.NoError(t, err)
		require.NoError(t, our.(interface{ CloseWrite() error }).CloseWrite())
		_, err = io.ReadFull(their, make([]byte, 8))
		require.NoError(t, err)
		go func() {
			their.Write(make([]byte, 300_000))
			their.Close()
		}()
		got, err := io.ReadAll(our)
		require.NoError(t, err)
		assert.Len(t, got, 300_000)
		require.NoError(t, our.Close())

		// Theirs gets all that we have written before we close.
		our, their = pair(oursFirst)
		go func() {
			our.Write(make([]byte, 300_000))
			our.Close()
		}()
		got, err = io.ReadAll(their)
		require.NoError(t, err, "%v %d", oursFirst, len(got))
		assert.Len(t, got, 300_000)
		their.Close()

		// A reset ends theirs, of which SAM can say no more than that it is the end.
		our, their = pair(oursFirst)
		require.NoError(t, our.(interface{ SetLinger(int) error }).SetLinger(0))
		require.NoError(t, our.Close())
		_, err = their.Read(make([]byte, 1))
		require.Error(t, err)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		their.Close()
	}
}
