package sam

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

var i2pds = []samtest.Router{samtest.I2PD245, samtest.I2PD256, samtest.I2PD259}

// visitOnce dials, and returns how long it took to be greeted.
func visitOnce(t *testing.T, client, server *Session) time.Duration {
	t.Helper()
	begin := time.Now()
	conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.ReadFull(conn, make([]byte, len("hello ")))
	require.NoError(t, err)
	return time.Since(begin)
}

// TestForeignPeers: peers whose keys are of types that cannot be made here are peers as all others, and cost the
// others nothing.
func TestForeignPeers(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		from := make(chan dialer.Addr, 100)
		site(t, server, func(conn net.Conn) {
			from <- conn.RemoteAddr().(dialer.Addr)
			banner(conn)
		})
		require.NoError(t, client.Up(t.Context()))
		for _, kind := range []uint16{9, 10, 20} {
			peer, err := b.NewPeer(kind)
			require.NoError(t, err)
			for range 10 {
				conn, err := peer.Dial(t.Context(), server.Addr().Host)
				require.NoError(t, err)
				assert.Equal(t, peer.Destination(), (<-from).Destination)
				conn.Close()
				time.Sleep(time.Second)
			}
		}
		assert.Less(t, visitOnce(t, client, server), 2*time.Second)
	})
}

// TestUnknowablePeers: nor do those whose destination cannot be read at all.
func TestUnknowablePeers(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		line := clientNames.EncodeToString(append(make([]byte, 384), 5, 0, 4, 0, 7, 0)) + "\n" // a byte short
		a.Inject(samtest.Fault{On: "STREAM ACCEPTED", Times: 30, Raw: []byte(line)})
		for range 30 {
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			if err == nil {
				conn.Close()
			}
			time.Sleep(time.Second)
		}
		assert.Less(t, visitOnce(t, client, server), 2*time.Second)
	})
}

// TestAcceptEndsNowAndThen: an ACCEPT that has waited for long and is then ended by the router is asked for again at
// once, however often that was.
func TestAcceptEndsNowAndThen(t *testing.T) {
	onRouters(t, i2pds, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		dial := s.DialBridge
		var last net.Conn
		s.DialBridge = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			last = conn
			return conn, err
		}
		site(t, s, banner)
		for range 14 {
			time.Sleep(5 * time.Minute)
			begin, n := time.Now(), a.Count("STREAM ACCEPT")
			last.Close()
			a.WaitFor(t.Context(), func() bool { return a.Count("STREAM ACCEPT") > n })
			assert.Less(t, time.Since(begin), time.Second)
		}
	})
}

// TestHalfAnAnnouncement: a router that stops in the midst of the line that announces a peer holds up nobody.
func TestHalfAnAnnouncement(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Instant, samtest.Java}, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		a.Inject(samtest.Fault{On: "STREAM ACCEPTED", Times: javaAccepts, CloseAfter: 4, Stall: true})
		for range javaAccepts {
			if conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80"); err == nil {
				defer conn.Close()
			}
			time.Sleep(time.Second)
		}
		time.Sleep(peerLine + time.Minute)
		visitOnce(t, client, server)
	})
}

// TestListenRefused: Listen tells what the router says to it.
func TestListenRefused(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		a.Inject(samtest.Fault{On: "STREAM ACCEPT", Times: -1, Result: "I2P_ERROR", Message: "no"})
		_, err := s.Listen(context.Background(), "tcp", ":80")
		assert.ErrorIs(t, err, dialer.ErrRouter)
		assert.ErrorIs(t, s.Status().Err, dialer.ErrRouter)
		a.ClearFaults()
		time.Sleep(maxAcceptPause) // for those that are being refused just now
		site(t, s, banner)
	})
}

// heard is the writer of a log that does something with what it hears.
type heard func(record string)

func (h heard) Write(b []byte) (int, error) { h(string(b)); return len(b), nil }

// TestUnservedListener: a listener that nobody serves holds up no other, and no more than its backlog. A program's handler that
// takes down what is lost may use the session.
func TestUnservedListener(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Instant, samtest.Java}, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		refused := 0
		server.Logger = slog.New(slog.NewTextHandler(heard(func(record string) {
			if strings.Contains(record, "not taken") {
				refused++
				_, err := server.Listen(t.Context(), "tcp", ":1")
				assert.ErrorIs(t, err, syscall.EADDRINUSE)
			}
		}), &slog.HandlerOptions{Level: slog.LevelDebug}))
		_, err := server.Listen(t.Context(), "tcp", ":1")
		require.NoError(t, err)
		site(t, server, banner)
		for range backlog + 2*javaAccepts {
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":1")
			require.NoError(t, err)
			defer conn.Close()
			time.Sleep(100 * time.Millisecond)
		}
		assert.Equal(t, backlog, server.Status().Streams)
		assert.Equal(t, 2*javaAccepts, refused)
		visitOnce(t, client, server)
	})
}

// bare is a connection without deadlines, as those through an SSH server are.
type bare struct{ net.Conn }

var errNoDeadline = errors.New("deadline not supported")

func (bare) SetDeadline(time.Time) error      { return errNoDeadline }
func (bare) SetReadDeadline(time.Time) error  { return errNoDeadline }
func (bare) SetWriteDeadline(time.Time) error { return errNoDeadline }

// TestNoDeadlines: dials and Close end in time all the same.
func TestNoDeadlines(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, b), session(t, a)
		site(t, server, banner)
		client.DialBridge = func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := a.Dial(ctx)
			return bare{conn}, err
		}
		visitOnce(t, client, server)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		read := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, conn)
			read <- err
		}()
		a.Inject(samtest.Fault{On: "STREAM CONNECT", Delay: forever})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_, err = client.DialContext(ctx, "tcp", server.Addr().Host+":80")
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(begin))
		begin = time.Now()
		require.NoError(t, client.Close())
		assert.Less(t, time.Since(begin), 10*time.Second)
		assert.ErrorIs(t, <-read, net.ErrClosed)
	})
}

// TestWriteAfterClose: nothing brings a closed stream to life again.
func TestWriteAfterClose(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		_, err = conn.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		later := time.Now().Add(time.Hour)
		assert.ErrorIs(t, conn.SetDeadline(later), net.ErrClosed)
		assert.ErrorIs(t, conn.SetReadDeadline(later), net.ErrClosed)
		assert.ErrorIs(t, conn.SetWriteDeadline(later), net.ErrClosed)
		_, err = conn.Write([]byte("after close"))
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = conn.(io.ReaderFrom).ReadFrom(io.LimitReader(zeros{}, 10))
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = conn.Read(make([]byte, 1))
		assert.ErrorIs(t, err, net.ErrClosed)
		time.Sleep(time.Minute)
		assert.EqualValues(t, 1, client.Status().Sent)
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestMLKEMIsAskedForAgain: one error of another cause does not take it from a session for good.
func TestMLKEMIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		a := nw.Start(nil)
		s := session(t, a)
		s.LeaseSet.Encryption = X25519MLKEM768
		a.Inject(samtest.Fault{On: "SESSION CREATE", Result: "I2P_ERROR", Message: "router is starting"})
		require.NoError(t, s.Up(t.Context()))
		assert.Contains(t, s.Status().Router, "without ML-KEM")
		a.CloseSession(a.Sessions()[0].ID)
		time.Sleep(time.Minute)
		assert.Equal(t, dialer.Up, s.Status().State)
		assert.NotContains(t, s.Status().Router, "without ML-KEM")
	})
}

// TestComesBack: a dial gets through within seconds of the return of a router that was away for long.
func TestComesBack(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			nw := samtest.NewStrict(t)
			a := nw.Start(nil)
			s := session(t, a)
			require.NoError(t, s.Up(t.Context()))
			time.Sleep(time.Hour)
			a.Kill()
			time.Sleep(time.Hour)
			require.NoError(t, a.Restart())
			begin := time.Now()
			require.NoError(t, s.Up(t.Context()))
			assert.LessOrEqual(t, time.Since(begin), 5*time.Second)
		})
	}
}

// TestListenPacketInTime: it does not outlive its context, whatever the router still has to do.
func TestListenPacketInTime(t *testing.T) {
	for _, kind := range routers[1:] {
		for _, primary := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				nw := samtest.NewStrict(t)
				a := nw.Start(&samtest.Bridge{Router: kind, BuildTime: time.Hour})
				s := session(t, a)
				s.Primary = primary
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				begin := time.Now()
				_, err := s.ListenPacket(ctx, "udp", ":0")
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
				assert.Equal(t, time.Second, time.Since(begin))
				require.NoError(t, s.Close())
				assert.Empty(t, s.packets)
			})
		}
	}
}

// TestScarce: what this machine is out of is told as such, and is no router's fault.
func TestScarce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		a := nw.Start(nil)
		s := session(t, a)
		dial, out := s.DialBridge, new(atomic.Bool)
		s.DialBridge = func(ctx context.Context, network, address string) (net.Conn, error) {
			if out.Load() {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
			}
			return dial(ctx, network, address)
		}
		site(t, s, banner)
		out.Store(true)
		_, err := s.DialContext(t.Context(), "tcp", s.Addr().Host+":80")
		assert.ErrorIs(t, err, syscall.EMFILE)
		assert.ErrorIs(t, err, dialer.ErrRouterDown)
		_, err = s.Lookup(t.Context(), "some.i2p")
		assert.ErrorIs(t, err, syscall.EMFILE)
		time.Sleep(time.Hour)
		assert.Equal(t, dialer.Up, s.Status().State)
		out.Store(false)
		visitOnce(t, s, s)
		_, err = (&Session{DialBridge: func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ENOBUFS }}).Dial("tcp", s.Addr().Host+":80")
		assert.ErrorIs(t, err, syscall.ENOBUFS)
	})
}

// TestListenAnyPort: a listener on port 0 gets what comes to any port.
func TestListenAnyPort(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		ln, err := server.Listen(t.Context(), "tcp", ":0")
		require.NoError(t, err)
		tells := a.Router <= samtest.Java
		if tells {
			site(t, server, banner) // on port 80
		}
		for _, port := range []string{"0", "7", "65535"} {
			dialled := visit(t, client, server.Addr().Host+":"+port)
			conn, err := ln.Accept()
			require.NoError(t, err)
			<-dialled
			if tells {
				assert.Equal(t, server.Addr().Host+":"+port, conn.LocalAddr().String())
			}
			conn.Close()
		}
		if tells {
			visitOnce(t, client, server)
		}
	})
}
