package socks

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

var (
	errNoDialer = errors.New("socks: no dialer for the request")
	errNoConn   = errors.New("socks: dialer returned neither connection nor error")
)

// connect serves CONNECT. Up to the success reply setup may end it, then only ctx.
func (c *conn) connect(ctx, setup context.Context, req *Request, early []byte) error {
	peer, early, err := prepare(setup, c, req, early, c.openPeer, closePeer)
	if err != nil {
		return c.fail(ctx, req, err)
	}
	return c.stream(ctx, req, peer, early, wire.Addr{})
}

func closePeer(peer net.Conn) { peer.Close() }

// openPeer asks the policy, then chooses the dialer, then dials.
func (c *conn) openPeer(ctx context.Context, req *Request) (net.Conn, error) {
	s := c.srv
	d, err := s.backend(ctx, req)
	if err != nil {
		return nil, err
	}
	address := req.Addr()
	conn, err := pressing(ctx, c, func() (net.Conn, error) { return d.DialContext(ctx, "tcp", address) })
	if err == nil && conn == nil {
		s.log().Warn("socks dialer returned no connection and no error")
		err = errNoConn
	}
	return conn, err
}

// fail answers a request that got no stream, unless its client has left, or is another's already.
func (c *conn) fail(ctx context.Context, req *Request, err error) error {
	if err == errStreaming {
		return err
	}
	if err == errClientLeft {
		c.srv.log().Debug("socks request abandoned", "request", req, "time", time.Since(c.start))
		return err
	}
	return c.refuse(ctx, req, err)
}

// stream announces peer to the client and lets both be copied until they are done.
func (c *conn) stream(ctx context.Context, req *Request, peer net.Conn, early []byte, bound wire.Addr) error {
	if !c.begin() {
		peer.Close()
		return c.refuse(ctx, req, ErrServerClosed)
	}
	if err := c.succeed(req, bound); err != nil {
		peer.Close()
		return err
	}
	c.port = req.Port
	until := context.Background() // the server ends its relays itself
	if c.over != nil {
		until = ctx
	}
	w := newRelay(until, c.nc, peer, c.relayOptions(), func(w *watch, stats relayStats, err error) {
		c.srv.relayed(w)
		c.streamed(peer, stats, err)
	})
	c.srv.relaying(w)
	w.begin(early)
	return errStreaming
}

// streamed is the end of a stream.
func (c *conn) streamed(peer net.Conn, stats relayStats, err error) {
	peer.Close()
	if err == nil {
		c.linger(c.ctx)
	}
	c.report.Sent, c.report.Received, c.report.Err = stats.Sent, stats.Received, err
	c.logStream()
	c.done(nil)
	c.close(nil)
}

// logStream is apart from streamed, as its frame would have the stack of every stream grow.
func (c *conn) logStream() {
	r := &c.report
	if log := c.srv.Logger; log != nil {
		log.Debug("socks request served", "request", Request{Version: r.Version, Command: r.Command, Port: c.port},
			"sent", r.Sent, "received", r.Received, "dial", r.Wait, "time", time.Since(c.start), "clean", r.Err == nil)
	}
}

// succeed tells the client of success. There is always room for so little; no more than lingerTime is spent on a client for
// whom there is none.
func (c *conn) succeed(req *Request, bound wire.Addr) error {
	c.nc.SetWriteDeadline(time.Now().Add(lingerTime))
	defer c.nc.SetWriteDeadline(time.Time{})
	_, err := c.nc.Write(successMessage(req.Version, bound))
	if err == nil {
		c.answered(Succeeded)
	}
	return err
}

func (c *conn) relayOptions() relayOptions {
	s := c.srv
	return relayOptions{
		IdleTimeout:      setting(s.IdleTimeout, defaultIdleTimeout),
		HalfCloseTimeout: setting(s.HalfCloseTimeout, defaultHalfCloseTimeout),
		ReadAhead:        setting(s.ReadAhead, defaultReadAhead),
		Budget:           s.budget,
		Halves:           &s.halves,
		Place:            c.place,
		Lot:              &s.lot,
		Observer:         c.observer,
	}
}
