package socks

import (
	"context"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// associate serves UDP ASSOCIATE (RFC 1928, sections 6 and 7). Up to the reply setup may end it,
// then only ctx and the client.
func (c *conn) associate(ctx, setup context.Context, req *Request, early []byte) error {
	s := c.srv
	exit, err := s.enter(c.place, associations)
	if err != nil {
		return c.refuse(ctx, req, err)
	}
	defer exit()
	// What the client sends on its connection means nothing.
	a, _, err := prepare(setup, c, req, early, c.newAssociation, (*association).close)
	if err != nil {
		return c.fail(ctx, req, err)
	}
	defer a.close()
	a.observer = c.observer
	if !c.begin() {
		a.close()
		return c.refuse(ctx, req, ErrServerClosed)
	}
	bound, _ := hostPort(a.local.LocalAddr())
	if err := c.succeed(req, bound); err != nil {
		return err
	}
	err = a.run(ctx, c.nc, setting(s.IdleTimeout, defaultIdleTimeout))
	r := &c.report
	r.Sent, r.Received, r.Dropped, r.Err = a.sent.Load(), a.received.Load(), a.dropped.Load(), err
	s.log().Debug("socks association served", "request", req, "sent", r.Sent, "received", r.Received,
		"dropped", r.Dropped, "time", time.Since(c.start), "clean", err == nil)
	return nil
}

// newAssociation asks the policy, then chooses the dialer, then opens the socket of the dialer and
// the client's.
func (c *conn) newAssociation(ctx context.Context, req *Request) (*association, error) {
	s := c.srv
	d, err := s.backend(ctx, req)
	if err != nil {
		return nil, err
	}
	l, ok := d.(packetListener)
	local, isTCP := req.Local.(*net.TCPAddr)
	client, clientIsTCP := req.Client.(*net.TCPAddr)
	if !ok || !isTCP || !clientIsTCP || req.Version != SOCKS5 {
		return nil, &ReplyError{Reply: CommandNotSupported}
	}
	a := &association{srv: s, dialer: d, req: *req, client: client.AddrPort().Addr().Unmap()}
	if ip := req.IP.Unmap(); ip.IsValid() && (ip.IsUnspecified() || ip == a.client) {
		a.port.Store(uint32(req.Port))
	}
	a.remote, err = pressing(ctx, c, func() (net.PacketConn, error) { return l.ListenPacket(ctx, "udp", ":0") })
	if err == nil && a.remote == nil {
		err = errNoConn
	}
	if err != nil {
		return nil, err
	}
	if a.local, err = net.ListenUDP("udp", &net.UDPAddr{IP: local.IP, Zone: local.Zone}); err != nil {
		a.remote.Close()
		return nil, err
	}
	a.init()
	return a, nil
}

// run relays until the client's connection ends, ctx does, or nothing moved for the time of idle,
// if that is not 0.
func (a *association) run(ctx context.Context, control net.Conn, idle time.Duration) error {
	ctx, a.end = context.WithCancelCause(ctx)
	defer a.end(nil)
	a.ctx = ctx
	a.start = time.Now()
	if idle > 0 {
		defer a.watch(idle)()
	}
	a.wg.Go(a.up)
	a.wg.Go(a.down)
	release := interrupt(ctx, control)
	io.Copy(io.Discard, control)
	release()
	err := context.Cause(ctx)
	a.end(nil) // what is being prepared for a destination
	a.close()
	a.wg.Wait()
	return err
}

// clientAddr returns where the client's socket is; false while that is not known.
func (a *association) clientAddr() (netip.AddrPort, bool) {
	port := uint16(a.port.Load())
	return netip.AddrPortFrom(a.client, port), port != 0
}

// isClient reports whether a datagram from there is the client's. The first one tells the client's port.
func (a *association) isClient(from netip.AddrPort) bool {
	if from.Addr().Unmap() != a.client {
		return false
	}
	a.port.CompareAndSwap(0, uint32(from.Port()))
	return a.port.Load() == uint32(from.Port())
}

func (a *association) close() {
	a.local.Close()
	a.remote.Close()
}

// datagramBuffer holds the largest datagram behind the largest header.
const datagramBuffer = wire.MaxDatagramHeader + 65535
