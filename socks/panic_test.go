package socks_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
)

// TestPanicOfTheHost: a function of the host that panics costs one request at most, and what it has to decide is refused.
func TestPanicOfTheHost(t *testing.T) {
	ok := choseNone + failed(5) // the dialer refuses
	for name, tc := range map[string]struct {
		srv     *socks.Server
		in, out string
	}{
		"Hooks.Conn":    {&socks.Server{Hooks: &socks.Hooks{Conn: func(context.Context, net.Addr) context.Context { panic("secret.i2p") }}}, greetNone + toHost, ok},
		"Hooks.Request": {&socks.Server{Hooks: &socks.Hooks{Request: func(context.Context, *socks.Request) context.Context { panic("secret.i2p") }}}, greetNone + toHost, ok},
		"Hooks.Done":    {&socks.Server{Hooks: &socks.Hooks{Done: func(context.Context, socks.Report) { panic("secret.i2p") }}}, greetNone + toHost, ok},
		"Allow":         {&socks.Server{Allow: func(context.Context, *socks.Request) error { panic("secret.i2p") }}, greetNone + toHost, choseNone + failed(1)},
		"Select": {&socks.Server{Select: func(context.Context, *socks.Request) (proxy.ContextDialer, error) { panic("secret.i2p") }},
			greetNone + toHost, choseNone + failed(1)},
		"Observe": {&socks.Server{Observe: func(context.Context, *socks.Request) (socks.Observer, error) { panic("secret.i2p") }},
			greetNone + toHost, choseNone + failed(1)},
		"ReplyFor": {&socks.Server{ReplyFor: func(error) socks.Reply { panic("secret.i2p") }}, greetNone + toHost, ok},
		"Authenticate": {&socks.Server{Authenticate: func(context.Context, string, string) error { panic("secret.i2p") }},
			"04 01 00 50 00 00 00 01 61 00 66 72 69 65 6e 64 2e 69 32 70 00", rejected},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				tc.srv.Logger = slog.New(slog.NewTextHandler(&log, nil))
				tc.srv.Dialer = dial(func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED })
				started := sockstest.Start(t, tc.srv)
				for range 2 { // the server goes on
					c := started.Client()
					c.Send(tc.in)
					c.Expect(tc.out)
					c.ExpectEnd()
				}
				time.Sleep(time.Minute) // for clients that do not fetch the answer
				synctest.Wait()
				assert.Contains(t, log.String(), "in="+name)
				assert.Contains(t, log.String(), "panic_test.go", "its stack")
				assert.NotContains(t, log.String(), "secret", "what it panics with may be a name")
				assert.Zero(t, tc.srv.Status().Clients)
			})
		})
	}
}

// TestPanicOfTheRuntime: what the runtime says is logged.
func TestPanicOfTheRuntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		srv := &socks.Server{Dialer: newNode(), Logger: slog.New(slog.NewTextHandler(&log, nil)), Allow: func(_ context.Context, r *socks.Request) error {
			var none []string
			r.Host = none[len(r.Host)]
			return nil
		}}
		c := sockstest.Start(t, srv).Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + failed(1))
		c.ExpectEnd()
		synctest.Wait()
		assert.Contains(t, log.String(), "index out of range")
	})
}
