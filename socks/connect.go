package socks

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"golang.org/x/net/proxy"
)

// maxEarly is how many bytes a client may send before it knows of success.
// Beyond, it is made to wait, and its leaving is not noticed.
const maxEarly = 16 << 10

var (
	errClientLeft = errors.New("socks: client left while its peer was dialled")
	errNoDialer   = errors.New("socks: no dialer for the request")
	errNoConn     = errors.New("socks: dialer returned neither connection nor error")
)

// connect serves CONNECT. Up to the success reply setup may end it, then only ctx.
func (c *conn) connect(ctx, setup context.Context, req *Request, early []byte) error {
	start := time.Now()
	peer, early, err := c.dial(setup, req, early)
	if err == nil && !c.begin() {
		peer.Close()
		err = ErrServerClosed
	}
	switch {
	case err == errClientLeft:
		c.srv.log().Debug("socks request abandoned", "request", req, "time", time.Since(start))
		return err
	case err != nil:
		return c.refuse(ctx, req, err)
	}
	opened := time.Now()
	if err := c.succeed(ctx, req); err != nil {
		peer.Close()
		return err
	}
	stats, err := relay(ctx, c.nc, peer, early, c.srv.relayOptions())
	peer.Close()
	if err == nil {
		c.linger(ctx)
	}
	c.srv.log().Debug("socks request served", "request", req, "sent", stats.Sent, "received", stats.Received,
		"dial", opened.Sub(start), "time", time.Since(start), "clean", err == nil)
	return nil
}

// succeed tells the client that its stream stands.
func (c *conn) succeed(ctx context.Context, req *Request) error {
	ctx, cancel := withTimeout(ctx, setting(c.srv.HandshakeTimeout, defaultHandshakeTimeout))
	defer cancel()
	defer interrupt(ctx, c.nc)()
	_, err := c.nc.Write(Succeeded.message(req.Version))
	return err
}

// dial opens the peer and meanwhile reads from the client: to notice that it
// leaves, and to keep what it sends early.
func (c *conn) dial(ctx context.Context, req *Request, early []byte) (net.Conn, []byte, error) {
	ctx, cancel := withTimeout(ctx, setting(c.srv.DialTimeout, defaultDialTimeout))
	defer cancel()
	dialling, dialled := context.WithCancel(ctx)
	type result struct {
		conn net.Conn
		err  error
	}
	results, gone := make(chan result), make(chan struct{})
	defer close(gone)
	own := *req // a dialer that overstays shares nothing with us
	go func() {
		conn, err := c.srv.openPeer(ctx, &own)
		dialled()
		select {
		case results <- result{conn, err}:
		case <-gone:
			if err == nil {
				conn.Close()
			}
		}
	}()

	release := interrupt(dialling, c.nc)
	early, err := readEarly(c.nc, early)
	left := err != nil && dialling.Err() == nil
	release()
	if left {
		return nil, nil, errClientLeft
	}
	select {
	case r := <-results:
		return r.conn, early, r.err
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
}

// openPeer asks the policy, then chooses the dialer, then dials.
func (s *Server) openPeer(ctx context.Context, req *Request) (net.Conn, error) {
	if err := s.allow(ctx, req); err != nil {
		return nil, err
	}
	d, err := s.choose(ctx, req)
	if err != nil {
		return nil, err
	}
	conn, err := d.DialContext(ctx, "tcp", req.Addr())
	if err == nil && conn == nil {
		s.log().Warn("socks dialer returned no connection and no error")
		err = errNoConn
	}
	return conn, err
}

func (s *Server) choose(ctx context.Context, req *Request) (proxy.ContextDialer, error) {
	d, err := s.Dialer, error(nil)
	if s.Select != nil {
		d, err = s.Select(ctx, req)
	}
	if err == nil && d == nil {
		s.log().Warn("socks server has no dialer for a request")
		err = errNoDialer
	}
	return d, err
}

// readEarly appends what nc sends until it fails or early is full.
func readEarly(nc net.Conn, early []byte) ([]byte, error) {
	for len(early) < maxEarly {
		early = slices.Grow(early, 512)
		n, err := nc.Read(early[len(early):min(cap(early), maxEarly)])
		early = early[:len(early)+n]
		if err != nil {
			return early, err
		}
	}
	return early, nil
}

func (s *Server) relayOptions() relayOptions {
	return relayOptions{
		IdleTimeout:      setting(s.IdleTimeout, defaultIdleTimeout),
		HalfCloseTimeout: setting(s.HalfCloseTimeout, defaultHalfCloseTimeout),
		ReadAhead:        setting(s.ReadAhead, defaultReadAhead),
		Budget:           s.budget,
	}
}
