package sam

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

var routers = []samtest.Router{samtest.Instant, samtest.Java, samtest.I2PD245, samtest.I2PD256, samtest.I2PD259}

// onRouters runs f in fake time for each router, on a strict network with a bridge for each of two sides.
func onRouters(t *testing.T, kinds []samtest.Router, f func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge)) {
	for _, kind := range kinds {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nw := samtest.NewStrict(t)
				f(t, nw, nw.Start(&samtest.Bridge{Router: kind}), nw.Start(&samtest.Bridge{Router: kind}))
			})
		})
	}
}

// session returns a session on b that ends with the test.
func session(t *testing.T, b *samtest.Bridge) *Session {
	s := &Session{DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) { return b.Dial(ctx) }}
	t.Cleanup(func() { s.Close() })
	return s
}

// site listens on s and answers each stream with handle.
func site(t *testing.T, s *Session, handle func(net.Conn)) net.Listener {
	ln, err := s.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	return ln
}

// banner greets, then echoes.
func banner(conn net.Conn) {
	io.WriteString(conn, "hello "+conn.RemoteAddr().String()+"\n")
	io.Copy(conn, conn)
}

func TestStreams(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		ln := site(t, server, banner)
		home := server.Addr()
		nw.SetHost("hello.i2p", home.Destination)
		assert.Equal(t, home.Host+":80", ln.Addr().String())
		assert.Equal(t, "i2p", ln.Addr().Network())

		for _, host := range []string{home.Host, strings.ToUpper(home.Host) + ".", home.Destination.Base64(), "hello.i2p", "Hello.I2P."} {
			conn, err := client.DialContext(t.Context(), "tcp", net.JoinHostPort(host, "80"))
			require.NoError(t, err)
			r := bufio.NewReader(conn)
			line, err := r.ReadString('\n')
			require.NoError(t, err)
			assert.Contains(t, line, "hello "+client.Addr().Host, "the peer is who it says it is")
			_, err = io.WriteString(conn, "ping\n")
			require.NoError(t, err)
			line, err = r.ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, "ping\n", line)
			assert.Equal(t, client.Addr(), conn.LocalAddr())
			require.NoError(t, conn.Close())
			assert.ErrorIs(t, conn.Close(), net.ErrClosed)
		}
		d, err := client.Lookup(t.Context(), "hello.i2p")
		require.NoError(t, err)
		assert.Equal(t, home.Destination, d)
		st := client.Status()
		assert.Equal(t, dialer.Up, st.State)
		assert.NoError(t, st.Err)
		assert.Zero(t, st.Attempts)
	})
}

func TestDialFailures(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		require.NoError(t, server.Up(t.Context()))
		nobody, err := keys.Generate()
		require.NoError(t, err)
		for host, want := range map[string]error{
			nobody.Destination().Base32(): dialer.ErrLeaseSetNotFound,
			"nobody.i2p":                  dialer.ErrNameNotFound,
		} {
			_, err := client.DialContext(t.Context(), "tcp", host+":80")
			assert.ErrorIs(t, err, want)
			opErr, ok := err.(*net.OpError)
			require.True(t, ok)
			assert.Equal(t, "i2p", opErr.Net)
		}
		// Nobody listens: Java I2P says so, i2pd opens the stream and ends it later.
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
			assert.ErrorIs(t, err, io.EOF)
			conn.Close()
		} else {
			assert.ErrorIs(t, err, dialer.ErrRefused)
		}
	})
}

// TestNothingReachesTheBridge: what is not in I2P, or malformed, is refused before anybody is asked.
func TestNothingReachesTheBridge(t *testing.T) {
	onRouters(t, routers[:1], func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		for address, want := range map[string]error{
			"example.com:80":                 dialer.ErrNotI2P,
			"x.i2p.evil.com:80":              dialer.ErrNotI2P,
			"localhost:80":                   dialer.ErrNotI2P,
			"127.0.0.1:7656":                 dialer.ErrNotI2P,
			"[::1]:80":                       dialer.ErrNotI2P,
			":80":                            dialer.ErrBadDestination,
			".i2p:80":                        dialer.ErrBadDestination,
			"a..i2p:80":                      dialer.ErrBadDestination,
			"a.i2p":                          dialer.ErrBadDestination,
			"a.i2p:http":                     dialer.ErrBadDestination,
			"a.i2p:65536":                    dialer.ErrBadDestination,
			"a.i2p:-1":                       dialer.ErrBadDestination,
			"a.i2p\nSESSION CREATE:80":       dialer.ErrBadDestination,
			"a.i2p ID=x:80":                  dialer.ErrBadDestination,
			"a\x00.i2p:80":                   dialer.ErrBadDestination,
			"\"a.i2p\":80":                   dialer.ErrBadDestination,
			"short.b32.i2p:80":               dialer.ErrBadDestination,
			strings.Repeat("B", 516) + ":80": dialer.ErrBadDestination,
		} {
			_, err := s.DialContext(t.Context(), "tcp", address)
			assert.ErrorIs(t, err, want, "%q", address)
		}
		_, err := s.DialContext(t.Context(), "udp", "a.i2p:80")
		assert.ErrorIs(t, err, net.UnknownNetworkError("udp"))
		assert.Zero(t, a.Stats().Connections)
	})
}

// TestNoRouter: a bridge that was never there is reported at once, and tried again at the next use.
func TestNoRouter(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		a.Kill()
		begin := time.Now()
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouterDown)
		_, err := s.DialContext(t.Context(), "tcp", "a.i2p:80")
		assert.ErrorIs(t, err, dialer.ErrRouterDown)
		assert.Zero(t, time.Since(begin))
		assert.Equal(t, dialer.Idle, s.Status().State)
		assert.Error(t, s.Status().Err)
		require.NoError(t, a.Restart())
		assert.NoError(t, s.Up(t.Context()))
	})
}

// TestRouterRestarts: the identity comes back, what is dialled meanwhile waits, and the listener goes on.
func TestRouterRestarts(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		require.NoError(t, client.Up(t.Context()))
		before := client.Addr()
		for range 3 {
			a.Kill()
			b.Kill()
			synctest.Wait()
			assert.Equal(t, dialer.Down, client.Status().State)
			time.Sleep(time.Minute)
			require.NoError(t, a.Restart())
			require.NoError(t, b.Restart())
			require.NoError(t, server.Up(t.Context()))
			synctest.Wait() // until the ACCEPTs are there: Java I2P refuses streams without

			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			line, err := bufio.NewReader(conn).ReadString('\n')
			require.NoError(t, err)
			assert.Contains(t, line, before.Host)
			conn.Close()
		}
		assert.Equal(t, before, client.Addr())
	})
}

// TestNothingSpins: a router that stays away is asked about once a minute.
func TestNothingSpins(t *testing.T) {
	onRouters(t, routers[:3], func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		site(t, s, banner)
		a.Kill()
		time.Sleep(time.Hour)
		assert.InDelta(t, 65, s.Status().Attempts, 25)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.DialContext(ctx, "tcp", "a.i2p:80")
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// TestIdleSession: a session that nobody uses outlives the router's own checks.
func TestIdleSession(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		site(t, s, banner)
		since := s.Status().Since
		time.Sleep(24 * time.Hour)
		assert.Equal(t, dialer.Up, s.Status().State)
		assert.Equal(t, since, s.Status().Since)
		assert.NoError(t, s.Status().Err)
	})
}

// TestDeadSession: a session that the router has forgotten behind its back is made anew.
func TestDeadSession(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		require.NoError(t, client.Up(t.Context()))
		for _, forget := range []func(string) bool{b.DropSession, b.CloseSession} {
			require.True(t, forget(b.Sessions()[0].ID))
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			line, err := bufio.NewReader(conn).ReadString('\n')
			require.NoError(t, err)
			assert.Contains(t, line, client.Addr().Host)
			conn.Close()
		}
	})
}

// TestSameIdentityAgain: a session made right after the one before with the same key must not be the one that
// i2pd destroys seconds later.
func TestSameIdentityAgain(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		id, err := keys.Generate()
		require.NoError(t, err)
		client := session(t, b)
		require.NoError(t, client.Up(t.Context()))
		for range 3 {
			server := session(t, a)
			server.Identity = id
			site(t, server, banner)
			time.Sleep(20 * time.Second)
			conn, err := client.DialContext(t.Context(), "tcp", id.Destination().Base32()+":80")
			require.NoError(t, err)
			_, err = bufio.NewReader(conn).ReadString('\n')
			require.NoError(t, err)
			conn.Close()
			require.NoError(t, server.Close())
		}
	})
}

func TestClose(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		ln := site(t, s, banner)
		waiting := make(chan error)
		go func() {
			_, err := ln.Accept()
			waiting <- err
		}()
		synctest.Wait()
		require.NoError(t, s.Close())
		assert.ErrorIs(t, <-waiting, net.ErrClosed)
		require.NoError(t, s.Close())
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrSessionClosed)
		_, err := s.DialContext(t.Context(), "tcp", "a.i2p:80")
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = s.Listen(t.Context(), "tcp", ":80")
		assert.ErrorIs(t, err, net.ErrClosed)
		assert.Equal(t, dialer.Closed, s.Status().State)
		synctest.Wait()
		assert.Zero(t, a.Stats().Open)
	})
	assert.NoError(t, new(Session).Close(), "never used")
}

// TestCloseWhileStarting: Close does not wait for tunnels, but gives the router the time to answer
// that it needs to keep the key usable.
func TestCloseWhileStarting(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		a.Inject(samtest.Fault{On: "SESSION CREATE", Delay: time.Hour})
		up := make(chan error)
		go func() { up <- s.Up(t.Context()) }()
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, s.Close())
		assert.LessOrEqual(t, time.Since(begin), abandonAfter)
		assert.ErrorIs(t, <-up, dialer.ErrSessionClosed)
	})
}

// TestIdentityOfAnotherProcess: of one that has just ended nothing is known here but what the router says, and a session that i2pd
// takes away seconds later is not taken for one that is up.
func TestIdentityOfAnotherProcess(t *testing.T) {
	for _, kind := range routers {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nw := samtest.NewNetwork()
				defer nw.Close()
				a, b := nw.Start(&samtest.Bridge{Router: kind}), nw.Start(&samtest.Bridge{Router: kind})
				id, err := keys.Generate()
				require.NoError(t, err)
				another, err := a.Dial(t.Context())
				require.NoError(t, err)
				answers := bufio.NewReader(another)
				for _, line := range []string{"HELLO VERSION MIN=3.1 MAX=3.1", "SESSION CREATE STYLE=STREAM ID=another DESTINATION=" + id.RevealSAM()} {
					io.WriteString(another, line+"\n")
					answer, err := answers.ReadString('\n')
					require.NoError(t, err)
					require.Contains(t, answer, "RESULT=OK")
				}
				another.Close()

				client, server := session(t, b), session(t, a)
				require.NoError(t, client.Up(t.Context()))
				server.Identity = id
				site(t, server, banner)
				for range 2 {
					visitOnce(t, client, server)
					time.Sleep(time.Minute)
				}
				assert.NoError(t, client.Close())
				assert.NoError(t, server.Close())
			})
		})
	}
}
