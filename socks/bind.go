package socks

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

var errNoAddress = errors.New("socks: listener has no address of the form host:port")

// binding waits for the one peer of a BIND.
type binding struct {
	net.Listener
	addr wire.Addr // where the peer finds us
	peer wire.Addr // whom to wait for; any if zero. Its port means nothing
}

// bind serves BIND (RFC 1928, section 6). Up to the second reply setup may end it, then only ctx.
func (c *conn) bind(ctx, setup context.Context, req *Request, early []byte) error {
	b, early, err := prepare(setup, c, req, early, c.openListener, func(b *binding) { b.Close() })
	if err != nil {
		return c.fail(ctx, req, err)
	}
	defer b.Close()
	if err := c.succeed(req, b.addr); err != nil {
		return err
	}
	peer, early, err := c.accept(setup, b, req, early)
	b.Close()
	if err != nil {
		return c.fail(ctx, req, err)
	}
	from, _ := hostPort(peer.RemoteAddr())
	return c.stream(ctx, req, peer, early, from)
}

// openListener asks the policy, then chooses the dialer, then listens on the port of the request.
func (c *conn) openListener(ctx context.Context, req *Request) (*binding, error) {
	d, err := c.srv.backend(ctx, req)
	if err != nil {
		return nil, err
	}
	l, ok := d.(streamListener)
	if !ok {
		return nil, &ReplyError{Reply: CommandNotSupported}
	}
	b := &binding{}
	if !isWildcard(req.Host) {
		host, err := base32(ctx, d, req.Host)
		if err != nil {
			return nil, err
		}
		if b.peer, ok = hostPort(target{"", net.JoinHostPort(host, "0")}); !ok {
			return nil, &ReplyError{Reply: HostUnreachable, Err: errNoAddress}
		}
	}
	port := net.JoinHostPort("", strconv.Itoa(int(req.Port)))
	b.Listener, err = pressing(ctx, c, func() (net.Listener, error) { return l.Listen(ctx, "tcp", port) })
	if err == nil && b.Listener == nil {
		err = errNoConn
	}
	if err != nil {
		return nil, err
	}
	if b.addr, ok = hostPort(b.Addr()); !ok {
		b.Close()
		return nil, errNoAddress
	}
	return b, nil
}

// accept waits for the peer. The client may send early, as in CONNECT, or leave.
func (c *conn) accept(ctx context.Context, b *binding, req *Request, early []byte) (net.Conn, []byte, error) {
	ctx, cancel := withTimeout(ctx, setting(c.srv.BindTimeout, defaultBindTimeout))
	defer cancel()
	return attend(ctx, cancel, c, req, early, b.accept, closePeer)
}

// accept returns the peer that was asked for; whoever else comes is sent away.
func (b *binding) accept(ctx context.Context) (net.Conn, error) {
	defer context.AfterFunc(ctx, func() { b.Close() })()
	for {
		peer, err := b.Accept()
		if err != nil {
			return nil, cmp.Or(context.Cause(ctx), err)
		}
		if b.expects(peer.RemoteAddr()) {
			return peer, nil
		}
		peer.Close()
	}
}

func (b *binding) expects(addr net.Addr) bool {
	if b.peer == (wire.Addr{}) {
		return true
	}
	a, ok := hostPort(addr)
	return ok && a.Name == b.peer.Name && a.IP == b.peer.IP
}
