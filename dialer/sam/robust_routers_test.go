//go:build linux

package sam_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

var direct = sam.Tunnels{Length: -1, Quantity: 1}

// askSAM sends a line to SAM on a connection of its own and returns the connection and the answer.
func askSAM(ctx context.Context, nw *i2pnet.Network, router int, line string) (net.Conn, string, error) {
	conn, err := nw.DialContext(ctx, "tcp", nw.SAM(router))
	if err != nil {
		return nil, "", err
	}
	conn.SetDeadline(time.Now().Add(90 * time.Second))
	r, answer := bufio.NewReader(conn), ""
	for _, line := range []string{"HELLO VERSION MIN=3.1 MAX=3.3", line} {
		if _, err = fmt.Fprintln(conn, line); err == nil {
			answer, err = r.ReadString('\n')
		}
	}
	if err != nil {
		conn.Close()
	}
	return conn, answer, err
}

// visit dials a greeter and returns when it is greeted.
func visit(ctx context.Context, s *sam.Session, host string) error {
	conn, err := s.DialContext(ctx, "tcp", host+":80")
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, err = io.ReadFull(conn, make([]byte, len("hello")))
	return err
}

// TestForeignPeersOnRouters: a peer with a GOST key that connects once a second costs honest visitors nothing.
func TestForeignPeersOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	server := &sam.Session{Address: nw.SAM(0), DialBridge: nw.DialContext, Inbound: direct, Outbound: direct}
	visitor := &sam.Session{Address: nw.SAM(1), DialBridge: nw.DialContext, Inbound: direct, Outbound: direct}
	defer server.Close()
	defer visitor.Close()
	ln, err := server.Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	var foreign atomic.Int32
	go func() {
		for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
			if conn.RemoteAddr().(dialer.Addr).Host != visitor.Addr().Host {
				foreign.Add(1)
			}
			go func() {
				defer conn.Close()
				io.WriteString(conn, "hello")
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	require.NoError(t, visitor.Up(t.Context()))
	require.Eventually(t, func() bool { return visit(t.Context(), visitor, server.Addr().Host) == nil }, 4*time.Minute, time.Second)

	conn, answer, err := askSAM(t.Context(), nw, 1, "DEST GENERATE SIGNATURE_TYPE=9")
	require.NoError(t, err)
	conn.Close()
	_, private, ok := strings.Cut(strings.TrimSpace(answer), "PRIV=")
	require.True(t, ok, "this i2pd makes keys of type 9")
	conn, answer, err = askSAM(t.Context(), nw, 1, "SESSION CREATE STYLE=STREAM ID=foreign DESTINATION="+private+
		" SIGNATURE_TYPE=9 i2cp.leaseSetEncType=4 inbound.length=0 outbound.length=0 inbound.quantity=1 outbound.quantity=1")
	require.NoError(t, err)
	defer conn.Close()
	require.Contains(t, answer, "RESULT=OK")
	var all errgroup.Group
	for i := range 20 {
		all.Go(func() error {
			time.Sleep(time.Duration(i) * time.Second)
			conn, _, err := askSAM(t.Context(), nw, 1, "STREAM CONNECT ID=foreign DESTINATION="+server.Addr().Destination.Base64())
			if err == nil {
				time.Sleep(time.Second)
				conn.Close()
			}
			return err
		})
		all.Go(func() error {
			time.Sleep(time.Duration(i)*time.Second + 500*time.Millisecond)
			begin := time.Now()
			err := visit(t.Context(), visitor, server.Addr().Host)
			t.Logf("visit %d took %v", i, time.Since(begin).Round(time.Millisecond))
			return err
		})
	}
	assert.NoError(t, all.Wait())
	assert.Positive(t, foreign.Load(), "they are peers as all others")
}

// TestFrozenRouterOnRouters stops a router for two minutes under fifty streams, of a session that has nothing else and of one that
// has another router to go to.
func TestFrozenRouterOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{Routers: 3})
	at := func(router int, fallbacks ...string) *sam.Session {
		s := &sam.Session{Address: nw.SAM(router), Fallbacks: fallbacks, DialBridge: nw.DialContext, Inbound: direct, Outbound: direct}
		t.Cleanup(func() { s.Close() })
		return s
	}
	// i2pd keeps peers that it had just talked to out of reach for two minutes, so there is another site for afterwards.
	site, later, alone, mobile := at(0), at(0), at(1), at(1, nw.SAM(2))
	for _, s := range []*sam.Session{site, later} {
		ln, err := s.Listen(t.Context(), "tcp", ":0")
		require.NoError(t, err)
		go func() {
			for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
				go func() {
					defer conn.Close()
					io.WriteString(conn, "hello")
					io.Copy(io.Discard, conn)
				}()
			}
		}()
	}
	ended := make(chan error, 100)
	for _, s := range []*sam.Session{alone, mobile} {
		require.Eventually(t, func() bool { return visit(t.Context(), s, site.Addr().Host) == nil }, 4*time.Minute, time.Second)
		for range 25 {
			conn, err := s.DialContext(t.Context(), "tcp", site.Addr().Host+":80")
			require.NoError(t, err)
			go func() {
				_, err := io.Copy(io.Discard, conn)
				conn.Close()
				ended <- err
			}()
		}
	}
	require.NoError(t, nw.Signal(1, syscall.SIGSTOP))
	thaw := time.AfterFunc(2*time.Minute, func() { nw.Signal(1, syscall.SIGCONT) })
	defer nw.Signal(1, syscall.SIGCONT)
	defer thaw.Stop()
	begin := time.Now()
	for range 50 {
		assert.ErrorIs(t, <-ended, dialer.ErrRouterDown)
	}
	t.Log("all streams have ended after", time.Since(begin).Round(time.Second))
	assert.Equal(t, dialer.Down, alone.Status().State)
	assert.Zero(t, alone.Status().Streams+mobile.Status().Streams)
	assert.NoError(t, mobile.Up(t.Context()))
	t.Log("the one that can has moved after", time.Since(begin).Round(time.Second), mobile.Status().Router)
	assert.NoError(t, visit(t.Context(), mobile, later.Addr().Host))
	assert.Less(t, time.Since(begin), 2*time.Minute, "while the router stands still")
	time.Sleep(2*time.Minute + 5*time.Second - time.Since(begin))
	require.Eventually(t, func() bool {
		if !nw.Running(1) {
			t.Log("the router has crashed, as i2pd does now and then when many streams end at once")
			require.NoError(t, nw.Restart(t.Context(), 1))
		}
		return alone.Status().State == dialer.Up
	}, 3*time.Minute, time.Second)
	t.Log("the other is back after", time.Since(begin).Round(time.Second))
	assert.GreaterOrEqual(t, time.Since(begin), 2*time.Minute)
	assert.Eventually(t, func() bool { return visit(t.Context(), alone, later.Addr().Host) == nil }, 4*time.Minute, time.Second)
	assert.NoError(t, visit(t.Context(), mobile, later.Addr().Host), "it stays where it is")
}
