package socks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
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

func TestHandshakeTimeout(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{0: 30 * time.Second, 3 * time.Second: 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			srv := sockstest.Start(t, &socks.Server{Dialer: never(t), HandshakeTimeout: limit})
			start := time.Now()
			c := srv.Client()
			c.Send("05 01")
			c.ExpectEnd()
			assert.Equal(t, want, time.Since(start))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := sockstest.Start(t, &socks.Server{Dialer: &echo{}, HandshakeTimeout: -1}).Client()
		c.SendBytewise(greetNone+toHost, time.Hour)
		c.Expect(choseNone + succeeded)
	})
}

func TestAuthenticateIsBoundedByTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sockstest.Start(t, &socks.Server{Dialer: never(t), Authenticate: func(ctx context.Context, _, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}}).Client()
		start := time.Now()
		c.Send("05 01 02  01 01 75 01 70" + toHost)
		c.Expect("05 02 01 01")
		c.ExpectEnd()
		assert.Equal(t, 30*time.Second, time.Since(start))
	})
}

// A handshake ends at once with its server or its context, whatever it waits for, and so does what Authenticate does.
func TestHandshakeIsAborted(t *testing.T) {
	type key struct{}
	derived := &socks.Hooks{Conn: func(ctx context.Context, _ net.Addr) context.Context { return context.WithValue(ctx, key{}, 1) }}
	judge := func(ctx context.Context, _, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for waits, said := range map[string]string{"a request": "05 01 02", "its judge": "05 01 02  01 01 75 01 70"} {
		for name, end := range map[string]func(srv *socks.Server, cancel func()){
			"Close":    func(srv *socks.Server, _ func()) { srv.Close() },
			"Shutdown": func(srv *socks.Server, _ func()) { srv.Shutdown(context.Background()) },
			"context":  func(_ *socks.Server, cancel func()) { cancel() },
		} {
			for _, hooks := range []*socks.Hooks{nil, derived} {
				for _, timeout := range []time.Duration{0, -1} {
					t.Run(waits+" "+name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							config := &socks.Server{Dialer: never(t), Authenticate: judge, Hooks: hooks, HandshakeTimeout: timeout}
							ctx, cancel := context.WithCancel(t.Context())
							defer cancel()
							near, far := sockstest.Pipe()
							c, done := sockstest.NewClient(t, far), make(chan error, 1)
							if name == "context" {
								go func() { done <- config.ServeConn(ctx, near) }()
							} else {
								c = sockstest.Start(t, config).Client()
								done <- nil
							}
							c.Send(said)
							c.Expect("05 02")
							synctest.Wait()
							began := time.Now()
							go end(config, cancel)
							_, err := io.ReadAll(c) // a judge may still have refused
							require.NoError(t, err)
							err = <-done
							assert.Equal(t, name == "context", err != nil, err)
							assert.Zero(t, time.Since(began))
						})
					})
				}
			}
		}
	}
}

func TestMaxConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}, MaxConns: 2})
		first, second := srv.Client(), srv.Client()
		for i, c := range []*sockstest.Client{first, second} {
			c.Send(asUser(i) + toHost)
			c.Expect(userWelcome + succeeded)
		}

		third := srv.Client()
		third.Send(greetNone + toHost)
		third.Expect(choseNone + failed(1))
		third.ExpectEnd()
		third.Close()
		synctest.Wait()

		// Those who ask for nothing soon make room for an answer to others.
		for range 100 {
			srv.Client()
		}
		start := time.Now()
		crowd := srv.Client()
		crowd.ExpectEnd()
		assert.Zero(t, time.Since(start), "closed without a word")
		near, _ := sockstest.Pipe()
		assert.ErrorContains(t, srv.Config.ServeConn(t.Context(), near), "too many")
		time.Sleep(6 * time.Second)
		crowd = srv.Client()
		crowd.Send(toHost4a)
		crowd.Expect(rejected)
		crowd.Close()

		relayed(t, first)
		second.Close()
		synctest.Wait()
		fourth := srv.Client()
		fourth.Send(greetNone + toHost)
		fourth.Expect(choseNone + succeeded)
	})
}

// tired is a listener that is out of descriptors for a while.
type tired struct {
	*memnet.Listener
	fails []error
	times []time.Time
}

func (l *tired) Accept() (net.Conn, error) {
	l.times = append(l.times, time.Now())
	if len(l.fails) == 0 {
		return l.Listener.Accept()
	}
	err := l.fails[0]
	l.fails = l.fails[1:]
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
}

func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		socks.DropPipes() // of other tests
		l := &tired{Listener: memnet.Listen()}
		for range 4 {
			l.fails = append(l.fails, syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED)
		}
		srv := &socks.Server{Dialer: &echo{}}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		conn, err := l.Dial(t.Context())
		require.NoError(t, err)
		c := sockstest.NewClient(t, conn)
		c.Send(greetNone)
		c.Expect(choseNone)

		synctest.Wait()
		var waits []time.Duration
		for i := range 12 {
			waits = append(waits, l.times[i+1].Sub(l.times[i]))
		}
		assert.Equal(t, 5*time.Millisecond, waits[0])
		assert.Equal(t, 10*time.Millisecond, waits[1])
		assert.Equal(t, time.Second, waits[11])
		srv.Close()
		assert.ErrorIs(t, <-served, socks.ErrServerClosed)
		require.NoError(t, srv.Shutdown(t.Context()))
	})
	synctest.Test(t, func(t *testing.T) {
		l := &tired{Listener: memnet.Listen(), fails: []error{syscall.EBADF}}
		assert.ErrorIs(t, (&socks.Server{}).Serve(l), syscall.EBADF, "an error that stays ends Serve")
		_, err := l.Dial(t.Context())
		assert.Error(t, err, "and closes the listener")
	})
}

func TestShutdownEndsABackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &tired{Listener: memnet.Listen()}
		for range 1000 {
			l.fails = append(l.fails, syscall.EMFILE)
		}
		srv := &socks.Server{}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		time.Sleep(time.Minute + time.Millisecond)
		start := time.Now()
		require.NoError(t, srv.Shutdown(t.Context()))
		assert.ErrorIs(t, <-served, socks.ErrServerClosed)
		assert.Zero(t, time.Since(start))
	})
}

func TestShutdownDrainsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}})
		c := srv.Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + succeeded)
		done := make(chan error, 2)
		for range 2 { // a second call is as good
			go func() { done <- srv.Config.Shutdown(context.Background()) }()
		}
		time.Sleep(time.Minute)
		relayed(t, c)
		assert.Empty(t, done)
		c.CloseWrite()
		c.ExpectEnd()
		assert.NoError(t, <-done)
		assert.NoError(t, <-done)
		_, err := srv.DialContext(t.Context(), "", "")
		assert.Error(t, err)
	})
}

func TestShutdownCutsWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}})
		c := srv.Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + succeeded)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, srv.Config.Shutdown(ctx), context.DeadlineExceeded)
		c.ExpectEnd()
		assert.NoError(t, srv.Config.Shutdown(t.Context()), "now all are gone")
	})
}

func TestShutdownEndsWhatHasNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: hang})
		silent, half, dialling := srv.Client(), srv.Client(), srv.Client()
		half.Send("05 01 00 05")
		dialling.Send(greetNone + toHost)
		dialling.Expect(choseNone)
		synctest.Wait()
		start := time.Now()
		done := make(chan error)
		go func() { done <- srv.Config.Shutdown(context.Background()) }()
		dialling.Expect(failed(1))
		dialling.ExpectEnd()
		dialling.Close()
		half.Expect(choseNone)
		half.ExpectEnd()
		silent.ExpectEnd()
		assert.NoError(t, <-done)
		assert.Zero(t, time.Since(start))
	})
}

// A peer that a dialer brings after the server began to close is closed, not announced.
func TestShutdownAsTheDialEnds(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			near, far := sockstest.Pipe()
			srv := sockstest.Start(t, &socks.Server{Dialer: dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return near, nil
			})})
			c := srv.Client()
			c.Send(greetNone + toHost)
			c.Expect(choseNone)
			go srv.Config.Shutdown(context.Background())
			c.Expect(failed(1))
			c.ExpectEnd()
			sockstest.NewClient(t, far).ExpectEnd()
		})
	}
}

type noDeadline struct{ net.Conn }

func (noDeadline) SetDeadline(time.Time) error { return os.ErrNoDeadline }

func TestConnWithoutDeadlinesIsRefused(t *testing.T) {
	near, far := sockstest.Pipe()
	assert.ErrorIs(t, (&socks.Server{Dialer: never(t)}).ServeConn(t.Context(), noDeadline{near}), os.ErrNoDeadline)
	sockstest.NewClient(t, far).ExpectEnd()
}

func TestCloseCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}})
		c := srv.Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + succeeded)
		assert.NoError(t, srv.Config.Close())
		assert.NoError(t, srv.Config.Close())
		c.ExpectEnd()

		l := memnet.Listen()
		assert.ErrorIs(t, srv.Config.Serve(l), socks.ErrServerClosed)
		_, err := l.Dial(t.Context())
		assert.Error(t, err, "Serve closes its listener in every case")
		near, far := sockstest.Pipe()
		assert.ErrorIs(t, srv.Config.ServeConn(t.Context(), near), socks.ErrServerClosed)
		sockstest.NewClient(t, far).ExpectEnd()
	})
}

func TestSeveralListeners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := &socks.Server{Dialer: &echo{}}
		a, b := sockstest.Start(t, cfg), sockstest.Start(t, cfg)
		for _, s := range []*sockstest.Server{a, b} {
			c := s.Client()
			c.Send(toHost4a)
			c.Expect(granted)
			relayed(t, c)
		}
	})
}

func TestServeConn(t *testing.T) {
	start := func(t *testing.T, ctx context.Context, srv *socks.Server) (*sockstest.Client, chan error) {
		near, far := sockstest.Pipe()
		done := make(chan error, 1)
		go func() { done <- srv.ServeConn(ctx, near) }()
		return sockstest.NewClient(t, far), done
	}
	synctest.Test(t, func(t *testing.T) {
		c, done := start(t, t.Context(), &socks.Server{Dialer: &echo{}})
		c.Send(toHost4a)
		c.Expect(granted)
		c.Close()
		assert.NoError(t, <-done)
	})
	synctest.Test(t, func(t *testing.T) {
		refusal := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		c, done := start(t, t.Context(), &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) { return nil, refusal })})
		c.Send(toHost4a)
		c.Expect(rejected)
		c.Close()
		err := <-done
		assert.ErrorIs(t, err, refusal)
		reply, ok := errors.AsType[*socks.ReplyError](err)
		require.True(t, ok)
		assert.Equal(t, socks.ConnectionRefused, reply.Reply)
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c, done := start(t, ctx, &socks.Server{Dialer: &echo{}})
		c.Send(toHost4a)
		c.Expect(granted)
		cancel()
		assert.NoError(t, <-done)
		c.ExpectEnd()
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c, done := start(t, ctx, &socks.Server{Dialer: hang})
		c.Send(toHost4a)
		synctest.Wait()
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	})
}

// Many at once, under the race detector: every client gets its own bytes, and all can be ended.
func TestManyClients(t *testing.T) {
	srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			conn, err := srv.Dialer(fmt.Sprint(i), "").DialContext(t.Context(), "tcp", "a.i2p:80")
			if !assert.NoError(t, err) {
				return
			}
			defer conn.Close()
			fmt.Fprintln(conn, i)
			var got int
			fmt.Fscanln(conn, &got)
			assert.Equal(t, i, got)
		})
	}
	wg.Wait()
	srv.Close()
}
