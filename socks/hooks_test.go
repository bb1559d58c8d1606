package socks_test

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"
)

// observer notes what hooks tell.
type observer struct {
	mu       sync.Mutex
	conns    int
	requests []string
	reports  chan socks.Report
}

func observe(srv *socks.Server) *observer {
	o := &observer{reports: make(chan socks.Report, 16)}
	srv.Hooks = &socks.Hooks{
		Conn: func(context.Context, net.Addr) context.Context {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.conns++
			return nil
		},
		Request: func(ctx context.Context, r *socks.Request) context.Context {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.requests = append(o.requests, r.Addr())
			return ctx
		},
		Done: func(_ context.Context, r socks.Report) { o.reports <- r },
	}
	return o
}

func TestHooksTellAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := &socks.Server{Dialer: dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
			time.Sleep(3 * time.Second)
			return (&echo{}).DialContext(ctx, "", "")
		})}
		o := observe(cfg)
		srv := sockstest.Start(t, cfg)
		c := srv.Client()
		c.Send(login("alice", "x"))
		synctest.Wait()
		assert.Equal(t, socks.Status{Clients: 1, Pending: 1, Listeners: 1}, cfg.Status())
		c.Expect("05 02 01 00" + succeeded)
		relayed(t, c)
		time.Sleep(time.Minute)
		assert.Equal(t, socks.Status{Clients: 1, Listeners: 1}, cfg.Status())
		assert.Empty(t, o.reports)
		c.CloseWrite()
		c.ExpectEnd()
		r := <-o.reports
		assert.Regexp(t, "^[0-9a-f]{32}$", r.Isolation)
		r.Isolation = ""
		assert.Equal(t, socks.Report{Version: socks.SOCKS5, Command: socks.Connect, Reply: socks.Succeeded,
			Sent: 4, Received: 4, Wait: 3 * time.Second, Total: 63 * time.Second}, r)
		assert.Equal(t, 1, o.conns)
		assert.Equal(t, []string{"a.i2p:80"}, o.requests)
		synctest.Wait()
		assert.Equal(t, socks.Status{Listeners: 1, Requests: 1, Sent: 4, Received: 4}, cfg.Status())
		srv.Close()
		assert.Equal(t, socks.Status{Closed: true, Requests: 1, Sent: 4, Received: 4}, cfg.Status())
	})
}

func TestHooksTellFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		reply socks.Reply
		err   error
	}{
		"refused": {greetNone + toHost, socks.ConnectionRefused, syscall.ECONNREFUSED},
		"policy":  {greetNone + "05 01 00 03 03 61 2e 62 00 50", socks.NotAllowed, nil},
		"command": {greetNone + bindAny, socks.CommandNotSupported, nil},
		"4":       {toHost4a, socks.ConnectionRefused, syscall.ECONNREFUSED},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED })}
				o := observe(cfg)
				c := sockstest.Start(t, cfg).Client()
				c.Send(tc.in)
				r := <-o.reports // at the latest when the client is waited for no more
				assert.Equal(t, tc.reply, r.Reply)
				if tc.err != nil {
					assert.ErrorIs(t, r.Err, tc.err)
				}
				assert.Error(t, r.Err)
				assert.EqualValues(t, 1, cfg.Status().Failed)
			})
		})
	}
}

func TestHooksTellAClientThatLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := &socks.Server{Dialer: hang}
		o := observe(cfg)
		c := sockstest.Start(t, cfg).Client()
		c.Send(toHost4a)
		time.Sleep(time.Second)
		c.Close()
		r := <-o.reports
		assert.Equal(t, socks.GeneralFailure, r.Reply)
		assert.Error(t, r.Err)
		assert.Equal(t, time.Second, r.Total)
	})
}

func TestHooksTellAnAssociation(t *testing.T) {
	p := newPost()
	cfg := &socks.Server{Dialer: p}
	o := observe(cfg)
	c, relay := raw(t, cfg, associateAny)
	u := udp(t, "127.0.0.1")
	for _, b := range [][]byte{datagram(t, friendB32, "one"), {0}, datagram(t, friendB32, "two")} {
		_, err := u.WriteTo(b, relay)
		require.NoError(t, err)
	}
	p.expect(t, "one", friendB32+":53")
	p.expect(t, "two", friendB32+":53")
	assert.Equal(t, 1, cfg.Status().Associations)
	c.Close()
	r := <-o.reports
	assert.Equal(t, []int64{2, 0, 1}, []int64{r.Sent, r.Received, r.Dropped})
	assert.Equal(t, socks.Succeeded, r.Reply)
	require.Eventually(t, func() bool { return cfg.Status().Associations == 0 }, time.Minute, time.Millisecond)
	assert.EqualValues(t, 1, cfg.Status().Dropped)
}

type traceKey string

// TestHooksGiveContexts: what Conn and Request put into the context reaches all that is done, and Done; the end of the
// client reaches it, too, whatever they return.
func TestHooksGiveContexts(t *testing.T) {
	for name, base := range map[string]func(context.Context) context.Context{
		"derived": func(ctx context.Context) context.Context { return ctx },
		"strange": func(context.Context) context.Context { return context.Background() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen []any
				see := func(where string, ctx context.Context) {
					seen = append(seen, where, ctx.Value(traceKey("conn")), ctx.Value(traceKey("span")))
				}
				dialled, done := make(chan error, 1), make(chan struct{})
				cfg := &socks.Server{
					Hooks: &socks.Hooks{
						Conn: func(ctx context.Context, _ net.Addr) context.Context {
							return context.WithValue(context.WithValue(base(ctx), traceKey("conn"), 1), traceKey("span"), "outer")
						},
						Request: func(ctx context.Context, _ *socks.Request) context.Context {
							see("request", ctx)
							return context.WithValue(context.WithValue(base(ctx), traceKey("conn"), 1), traceKey("span"), "inner")
						},
						Done: func(ctx context.Context, _ socks.Report) {
							see("done", ctx)
							close(done)
						},
					},
					Allow: func(ctx context.Context, r *socks.Request) error {
						see("allow", ctx)
						return nil
					},
					Select: func(ctx context.Context, r *socks.Request) (proxy.ContextDialer, error) {
						see("select", ctx)
						return dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
							see("dial", ctx)
							<-ctx.Done()
							dialled <- context.Cause(ctx)
							return nil, context.Cause(ctx)
						}), nil
					},
				}
				srv := sockstest.Start(t, cfg)
				c := srv.Client()
				c.Send(login("alice", "x"))
				synctest.Wait()
				srv.Close()
				assert.ErrorIs(t, <-dialled, socks.ErrServerClosed)
				<-done
				assert.Equal(t, []any{"request", 1, "outer", "allow", 1, "inner", "select", 1, "inner", "dial", 1, "inner", "done", 1, "inner"}, seen)
			})
		})
	}
}
