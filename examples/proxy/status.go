package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/examples/statuspage"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/audit"
)

// statusPage is the page of the flag -status.
type statusPage struct {
	page     *statuspage.Handler
	listener net.Listener
}

// newStatusPage takes the port and joins the page to the endpoint; nil without an address.
func newStatusPage(address string, ep *i2psocks.Endpoint) (*statusPage, error) {
	if address == "" {
		return nil, nil
	}
	addr, err := netip.ParseAddrPort(address)
	if err != nil || !addr.Addr().IsLoopback() {
		return nil, fmt.Errorf("-status %s: not a loopback IP address with a port, such as 127.0.0.1:4448", address)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-status: %w", err)
	}
	auditor := new(audit.Auditor)
	page := &statuspage.Handler{Endpoint: ep, Auditor: auditor}
	ep.Hooks = page.Hooks(ep.Hooks)
	ep.ConfigureSOCKS = func(s *socks.Server) { s.Observe = auditor.Observe }
	return &statusPage{page, ln}, nil
}

// serve shows the page until the returned function is called.
func (s *statusPage) serve(px *i2psocks.Proxy, stderr io.Writer) (stop func()) {
	if s == nil {
		return func() {}
	}
	s.page.AddPort(px)
	srv := &http.Server{Handler: s.page, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(s.listener)
	}()
	fmt.Fprintf(stderr, "status page: http://%v/\n", s.listener.Addr())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if srv.Shutdown(ctx) != nil {
			srv.Close()
		}
		<-done
		s.close()
	}
}

// close is for a page that was never served, too.
func (s *statusPage) close() {
	if s != nil {
		s.listener.Close()
		s.page.Close()
	}
}
