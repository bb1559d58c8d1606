package sam

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestFrozenRouterEndsStreams: streams end with their session, with an error, though the router closes nothing.
func TestFrozenRouterEndsStreams(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		read := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, conn)
			read <- err
		}()
		synctest.Wait()
		b.Freeze()
		time.Sleep(noticed + drainGrace)
		synctest.Wait()
		st := client.Status()
		assert.Equal(t, dialer.Down, st.State)
		assert.ErrorIs(t, st.Err, dialer.ErrRouterDown)
		assert.Zero(t, st.Streams)
		assert.ErrorIs(t, <-read, dialer.ErrRouterDown)
		_, err = conn.Write([]byte("x"))
		assert.ErrorIs(t, err, dialer.ErrRouterDown)
		require.NoError(t, conn.Close())
		before, thawed := b.Count("SESSION CREATE"), time.Now()
		b.Thaw()
		require.NoError(t, b.WaitFor(t.Context(), func() bool { return b.Count("SESSION CREATE") > before }))
		assert.GreaterOrEqual(t, time.Since(thawed), settle, "the router has time to forget the session before")
		require.NoError(t, client.Up(t.Context()))
		visitOnce(t, client, server)
		assert.Len(t, b.Sessions(), 1)
	})
}

// TestFrozenRouterIsLeft: the identity goes to the next router, and the one that stood still has neither stream nor session
// of it as soon as it goes on.
func TestFrozenRouterIsLeft(t *testing.T) {
	for _, kind := range routers {
		synctest.Test(t, func(t *testing.T) {
			nw := samtest.NewNetwork()
			defer nw.Close()
			a, b, c := nw.Start(&samtest.Bridge{Router: kind}), nw.Start(&samtest.Bridge{Router: kind}), nw.Start(&samtest.Bridge{Router: kind})
			server, client := session(t, c), session(t, a)
			site(t, server, banner)
			client.Address, client.Fallbacks = "127.0.0.1:1", []string{"127.0.0.1:2"}
			client.DialBridge = func(ctx context.Context, _, address string) (net.Conn, error) {
				if address == client.Address {
					return a.Dial(ctx)
				}
				return b.Dial(ctx)
			}
			for range 50 {
				_, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
				require.NoError(t, err)
			}
			a.Freeze()
			time.Sleep(10 * time.Minute)
			assert.Equal(t, dialer.Up, client.Status().State)
			assert.Zero(t, client.Status().Streams)
			assert.Len(t, b.Sessions(), 1)
			a.Thaw()
			synctest.Wait()
			assert.Empty(t, a.Sessions(), kind)
			visitOnce(t, client, server)
		})
	}
}

// TestFrozenRouterFreesIdentities: an isolated identity whose router stands still does not keep its place.
func TestFrozenRouterFreesIdentities(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Java, samtest.I2PD259}, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server := session(t, a)
		site(t, server, banner)
		iso := &dialer.Isolated{Max: 1, New: func(context.Context, string) (dialer.Backend, error) { return session(t, b), nil }}
		defer iso.Close()
		conn, err := iso.Get("one").DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		go func() {
			io.Copy(io.Discard, conn)
			conn.Close()
		}()
		b.Freeze()
		time.Sleep(24 * time.Hour)
		b.Thaw()
		_, err = iso.Get("two").DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		assert.NoError(t, err)
	})
}

// TestFrozenPackets: sessions for datagrams notice it too, and so do PRIMARY ones.
func TestFrozenPackets(t *testing.T) {
	for _, kind := range routers {
		for name, primary := range map[string]bool{"own": false, "primary": true} {
			t.Run(kind.String()+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					nw := samtest.NewNetwork()
					defer nw.Close()
					a := nw.Start(&samtest.Bridge{Router: kind})
					s := session(t, a)
					s.Primary = primary
					require.NoError(t, s.Up(t.Context()))
					pc, err := s.ListenPacket(t.Context(), "udp", ":0")
					require.NoError(t, err)
					time.Sleep(time.Hour)
					for _, status := range []func() dialer.Status{s.Status, pc.(*PacketConn).Status} {
						assert.Equal(t, dialer.Up, status().State)
					}
					a.Freeze()
					time.Sleep(noticed)
					for _, status := range []func() dialer.Status{s.Status, pc.(*PacketConn).Status} {
						assert.Equal(t, dialer.Down, status().State)
						assert.ErrorIs(t, status().Err, dialer.ErrRouterDown)
					}
					a.Thaw()
					time.Sleep(2 * time.Minute)
					for _, status := range []func() dialer.Status{s.Status, pc.(*PacketConn).Status} {
						assert.Equal(t, dialer.Up, status().State)
					}
					require.NoError(t, s.Close())
				})
			})
		}
	}
}

// TestDeafRouter: a router that takes nothing more is noticed, and Close does not wait for it.
func TestDeafRouter(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		a.Inject(samtest.Fault{On: "SESSION CREATE", Deaf: true})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := s.Up(ctx); err == nil { // the question about the identity may have been taken before
			time.Sleep(noticed)
		}
		assert.NotEqual(t, dialer.Up, s.Status().State)
		begin := time.Now()
		require.NoError(t, s.Close())
		assert.LessOrEqual(t, time.Since(begin), 10*time.Second)
	})
}

// TestWritesAreBounded: of lines that a router does not take none outlasts its caller's time, nor the end of the
// connection.
func TestWritesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c := newControl(here, nil)
		go c.listen()
		done := make(chan error, 3)
		for i := range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			go func() {
				_, err := c.call(ctx, command("NAMING", "LOOKUP", "NAME", "ME"))
				done <- err
			}()
			time.Sleep(time.Duration(i+1) * time.Second)
		}
		go func() { done <- c.tell(t.Context(), []byte("x")) }()
		time.Sleep(11 * time.Second)
		assert.Len(t, done, 2)
		c.end(errSilent)
		for _, want := range []error{dialer.ErrTimeout, dialer.ErrTimeout, errSilent} {
			assert.ErrorIs(t, <-done, want)
		}
	})
}

// TestUnsentCommandHasNoAnswer: a command that never went out, as the router took nothing, neither gets the answer to the
// next one nor keeps it waiting.
func TestUnsentCommandHasNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c := newControl(here, nil)
		defer c.end(errSilent)
		go c.listen()
		ask := func() (wire.Message, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return c.call(ctx, command("NAMING", "LOOKUP", "NAME", "ME"))
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.tell(short, []byte("x\n")), dialer.ErrTimeout)
		_, err := ask()
		require.ErrorIs(t, err, dialer.ErrTimeout)
		go func() {
			for lines := bufio.NewScanner(there); lines.Scan(); {
				if lines.Text() != "x" {
					io.WriteString(there, "NAMING REPLY RESULT=OK NAME=ME VALUE=a\n")
				}
			}
		}()
		reply, err := ask()
		require.NoError(t, err)
		assert.Equal(t, "a", reply.Get("VALUE"))
	})
}

// TestDisownedSessionDelivers: a session that the router does not know any more ends with its streams, and what was written to them
// still gets the time that the router needs for it.
func TestDisownedSessionDelivers(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		got := make(chan int64, 1)
		site(t, server, func(conn net.Conn) {
			n, _ := io.Copy(io.Discard, conn)
			got <- n
		})
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		_, err = conn.Write(make([]byte, 100_000))
		require.NoError(t, err)
		b.Inject(samtest.Fault{On: "STREAM CONNECT", Result: "INVALID_ID"})
		other, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err, "in the next session")
		assert.EqualValues(t, 100_000, <-got)
		_, err = conn.Write([]byte("x"))
		assert.ErrorIs(t, err, dialer.ErrRouterDown)
		conn.Close()
		other.Close()
	})
}
