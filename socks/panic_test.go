package socks_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// fragile is an Observer that panics at what it is told to.
type fragile string

func (f fragile) panics(at string) {
	if string(f) == at {
		panic("secret.i2p")
	}
}

func (f fragile) Sent([]byte, bool) (hold, more bool, err error) {
	f.panics("Observer.Sent")
	return false, true, nil
}

func (f fragile) Received([]byte) (more bool) {
	f.panics("Observer.Received")
	return true
}

func (f fragile) Datagram(string, []byte) (more bool, err error) {
	f.panics("Observer.Datagram")
	return true, nil
}

// TestPanicOfAnObserver: what it does not decide on does not leave, and what it only sees goes on.
func TestPanicOfAnObserver(t *testing.T) {
	const connected = "05 00 00 01 00 00 00 00 00 00"
	begin := func(t *testing.T, at string) (*sockstest.Client, net.Conn, *bytes.Buffer) {
		near, far := sockstest.Pipe()
		t.Cleanup(func() { far.Close() })
		log := new(bytes.Buffer)
		c := sockstest.Start(t, &socks.Server{
			Logger:  slog.New(slog.NewTextHandler(log, nil)),
			Observe: func(context.Context, *socks.Request) (socks.Observer, error) { return fragile(at), nil },
			Dialer:  dial(func(context.Context, string, string) (net.Conn, error) { return near, nil }),
		}).Client()
		c.Send(greetNone + toHost + "61")
		c.Expect(choseNone + connected)
		return c, far, log
	}
	logged := func(t *testing.T, log *bytes.Buffer, at string) {
		synctest.Wait()
		assert.Contains(t, log.String(), "in="+at)
		assert.NotContains(t, log.String(), "secret")
	}
	synctest.Test(t, func(t *testing.T) {
		c, far, log := begin(t, "Observer.Sent")
		c.ExpectEnd()
		got, _ := io.ReadAll(far)
		assert.Empty(t, got)
		logged(t, log, "Observer.Sent")
	})
	synctest.Test(t, func(t *testing.T) {
		c, far, log := begin(t, "Observer.Received")
		go io.WriteString(far, "b")
		c.Expect("62")
		far.Close()
		c.ExpectEnd()
		logged(t, log, "Observer.Received")
	})
	p := newPost()
	c, relay := raw(t, &socks.Server{Dialer: p, Observe: func(context.Context, *socks.Request) (socks.Observer, error) {
		return fragile("Observer.Datagram"), nil
	}}, associateAny)
	_, err := udp(t, "127.0.0.1").WriteTo(datagram(t, friendB32, "secret"), relay)
	require.NoError(t, err)
	c.ExpectEnd()
	assert.Empty(t, p.sent)
}
