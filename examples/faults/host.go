package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// host is a program that has a site and visitors. It can be restarted: its own identity then stays, and those of its
// tokens are others.
type host struct {
	load     *load
	number   int
	name     string
	door     string
	i2cp     bool
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	direct   bool
	visitors int
	seed     uint64
	keys     keys.Memory
	b32      string

	mu    sync.Mutex
	lives int
	life  *life // nil while it is stopped
}

// life is from a start to a stop.
type life struct {
	cancel   context.CancelFunc
	endpoint *i2psocks.Endpoint
	visitors []*visitor
	running  sync.WaitGroup
}

func (h *host) endpoint() *i2psocks.Endpoint {
	ep := &i2psocks.Endpoint{
		Keys: &h.keys, DialBridge: h.dial, AwaitRouter: true, DialTimeout: h.load.patience,
		Isolation: i2psocks.Isolation{Max: 2*h.visitors + 1 + 2*len(h.load.hosts), Idle: -1},
		Logger:    h.load.report.log.With("host", h.name),
	}
	tunnels := sam.Tunnels{}
	if h.direct {
		tunnels = sam.Tunnels{Length: -1, Quantity: 1}
	}
	if h.i2cp {
		ep.I2CP = h.door
		ep.ConfigureI2CP = func(s *i2cp.Session) { s.Inbound, s.Outbound = i2cp.Tunnels(tunnels), i2cp.Tunnels(tunnels) }
		ep.Isolation.ConfigureI2CP = ep.ConfigureI2CP
	} else {
		ep.SAM = h.door
		ep.Configure = func(s *sam.Session) { s.Inbound, s.Outbound = tunnels, tunnels }
		ep.Isolation.Configure = ep.Configure
	}
	return ep
}

// identity makes the host's own identity, and returns its address.
func (h *host) identity(ctx context.Context) (dialer.Addr, error) {
	ep := h.endpoint()
	defer ep.Close()
	own := ep.Addr()
	if h.b32 = own.Host; h.b32 == "" {
		return own, ep.Up(ctx)
	}
	return own, nil
}

func (h *host) start() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.life != nil {
		return nil // a storm restarts it twice
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{cancel: cancel, endpoint: h.endpoint()}
	px, err := l.endpoint.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		cancel()
		return errors.Join(err, l.endpoint.Close())
	}
	h.lives++
	secret, _ := px.URL().User.Password()
	h.add(l, h.name, l.endpoint)
	h.add(l, h.name, &socks.Dialer{Address: px.Addr().String(), Username: px.URL().User.Username(), Password: secret})
	for n := range h.visitors {
		name := fmt.Sprintf("%s's token %d in life %d", h.name, n, h.lives)
		h.add(l, name, l.endpoint.Isolate(name))
		name = fmt.Sprintf("%s's user %d in life %d", h.name, n, h.lives)
		h.add(l, name, &socks.Dialer{Address: px.Addr().String(), Username: name, Password: secret})
	}
	l.running.Go(func() { h.serve(ctx, l) })
	for i, v := range l.visitors {
		l.running.Go(func() { v.run(ctx, h.seed+uint64(h.lives<<16+i)) })
	}
	h.life = l
	return nil
}

func (h *host) add(l *life, name string, d proxy.ContextDialer) {
	l.visitors = append(l.visitors, &visitor{host: h, name: name, dialer: d, patience: h.load.patience, visits: map[*host]time.Time{}})
}

// stop ends the host. What it was doing is cut.
func (h *host) stop(abort bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.life
	if l == nil {
		return nil
	}
	h.life = nil
	l.cancel()
	end := l.endpoint.Close
	if abort {
		end = l.endpoint.Abort
	}
	err := end()
	l.running.Wait()
	return err
}

// present returns the visitors, none while the host is stopped.
func (h *host) present() []*visitor {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.life == nil {
		return nil
	}
	return h.life.visitors
}

// isolate returns the door of an identity of the host's, nil while it is stopped.
func (h *host) isolate(token string) dialer.Backend {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.life == nil {
		return nil
	}
	return h.life.endpoint.Isolate(token)
}

// serve is the site.
func (h *host) serve(ctx context.Context, l *life) {
	var ln net.Listener
	for {
		var err error
		if ln, err = l.endpoint.Listen(ctx, "tcp", ":80"); err == nil {
			break
		}
		h.load.report.log.Debug("does not listen", "host", h.name, "err", err)
		sleep(ctx, 100*time.Millisecond)
		if ctx.Err() != nil {
			return
		}
	}
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() == nil {
				h.load.report.violated("%s accepts no more: %v", h.name, err)
			}
			return
		}
		l.running.Go(func() { h.receive(ctx, conn) })
	}
}

// receive answers a visitor, and looks who it is.
func (h *host) receive(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetDeadline(time.Now().Add(h.load.patience))
	r := bufio.NewReader(conn)
	o, err := readOrder(r)
	if err == nil {
		if o.site != h.name {
			h.load.report.violated("%s came to %s in place of %s", o.visitor, h.name, o.site)
		}
		h.load.report.saw(o.visitor, conn.RemoteAddr())
		var read int64
		read, err = answer(conn, o, r)
		h.load.report.went("served", read)
	}
	if errors.Is(err, errWrong) {
		h.load.report.violated("at %s: %w", h.name, err)
	}
}
