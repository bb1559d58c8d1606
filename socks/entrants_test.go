package socks_test

import (
	"context"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/internal/memnet"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stays checks that c is neither answered nor closed.
func stays(t *testing.T, c *sockstest.Client) {
	t.Helper()
	synctest.Wait()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
	_, err := c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
}

// halfGreeting begins a handshake and leaves it there.
func halfGreeting(t *testing.T, srv *sockstest.Server) *sockstest.Client {
	t.Helper()
	c := srv.Client()
	c.Send("05 01")
	synctest.Wait()
	return c
}

// Connections that say nothing could keep everybody out until their time was over, and hold what anybody may hold who has
// no credentials.
func TestHalfOpenClientsGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}, MaxConns: 80})
		crowd := make([]*sockstest.Client, 30)
		for i := range crowd {
			crowd[i] = halfGreeting(t, srv)
			assert.Equal(t, min(i+1, 20), srv.Config.Status().Clients, "a quarter")
		}
		for _, half := range crowd[:10] {
			half.ExpectEnd()
		}
		began := time.Now()
		for i, half := range crowd[10:] {
			c := srv.Client()
			c.Send(asUser(i) + toHost)
			c.Expect(userWelcome + succeeded)
			half.ExpectEnd()
			if 11+i < len(crowd) {
				stays(t, crowd[11+i]) // one is enough
			}
			relayed(t, c)
			halfGreeting(t, srv)
			assert.Equal(t, 21+i, srv.Config.Status().Clients)
		}
		assert.Less(t, time.Since(began), time.Second)
	})
}

// Where one place comes free at a time, newcomers must not keep each other from ending their handshakes.
func TestYoungHandshakeIsLetAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}, MaxConns: 4})
		for i := range 3 {
			c := srv.Client()
			c.Send(asUser(i) + toHost)
			c.Expect(userWelcome + succeeded)
		}
		honest := halfGreeting(t, srv)
		for range 20 {
			srv.Client()
			stays(t, honest)
		}
		honest.Send("02 01 01 44 00" + toHost)
		honest.Expect(userWelcome + succeeded)

		late := srv.Client() // who are served keep their places
		late.Send(toHost4a)
		late.Expect(rejected)
		late.ExpectEnd()

		honest.Close()
		synctest.Wait()
		slow := halfGreeting(t, srv)
		time.Sleep(time.Second)
		next := srv.Client()
		next.Send(asUser(3) + toHost)
		next.Expect(userWelcome + succeeded)
		slow.ExpectEnd()
	})
}

// A server that is short of descriptors makes room itself: waiting helps nobody.
func TestShortOfDescriptors(t *testing.T) {
	for name, errno := range map[string]syscall.Errno{"process": syscall.EMFILE, "system": syscall.ENFILE} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				socks.DropPipes() // of other tests
				l := &failing{Listener: memnet.Listen(), errs: make(chan error, 1)}
				srv := &socks.Server{Dialer: &echo{}}
				go srv.Serve(l)
				come := func() *sockstest.Client {
					conn, err := l.Dial(t.Context())
					require.NoError(t, err)
					return sockstest.NewClient(t, conn)
				}
				silent := [...]*sockstest.Client{come(), come()}
				time.Sleep(time.Second)
				served := come()
				served.Send(greetNone + toHost)
				served.Expect(choseNone + succeeded)
				began := time.Now()
				for _, c := range silent {
					l.errs <- &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", errno)}
					next := come()
					c.ExpectEnd()
					next.Send(greetNone + toHost)
					next.Expect(choseNone + succeeded)
				}
				assert.Zero(t, time.Since(began))
				relayed(t, served)
				assert.EqualValues(t, 2, srv.Status().GaveWay)
				require.NoError(t, srv.Close())
				require.NoError(t, srv.Shutdown(context.Background()))
			})
		})
	}
}

// failing is a listener that fails with what it is given, in front of a connection that then waits for the next call.
type failing struct {
	*memnet.Listener
	errs chan error
	held net.Conn
}

func (l *failing) Accept() (conn net.Conn, err error) {
	if conn, l.held = l.held, nil; conn != nil {
		return conn, nil
	}
	if conn, err = l.Listener.Accept(); err != nil {
		return nil, err
	}
	select {
	case err := <-l.errs:
		l.held = conn
		return nil, err
	default:
		return conn, nil
	}
}
