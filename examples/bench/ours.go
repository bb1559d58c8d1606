package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/socks"
)

// serveOurs is our SOCKS port: of an Endpoint, or of a Server that dials the site itself. What is limited on purpose
// is not, so that its cost can be measured.
func serveOurs(ctx context.Context, target string, stdout io.Writer) error {
	t, err := parseTarget(target)
	if err != nil {
		return err
	}
	unlimited := func(s *socks.Server) { s.MaxConns, s.MaxPending = -1, -1 }
	if t.bridge == "" {
		return serveDirect(ctx, t.address, unlimited, stdout)
	}
	ep := &i2psocks.Endpoint{SAM: t.bridge, NoSecret: true, ConfigureSOCKS: unlimited}
	defer ep.Close()
	if err := ep.Up(ctx); err != nil {
		return err
	}
	px, err := ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, px.Addr())
	<-ctx.Done()
	return nil
}

func serveDirect(ctx context.Context, address string, configure func(*socks.Server), stdout io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var d net.Dialer
	srv := &socks.Server{Dialer: dialFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return plain{conn}, nil
	})}
	configure(srv)
	fmt.Fprintln(stdout, l.Addr())
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	srv.Serve(l)
	return nil
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}

// plain is a stream that may be bypassed and has no half-close, as those over SAM.
type plain struct{ net.Conn }

func (p plain) Raw() (net.Conn, bool) { return p.Conn, true }
