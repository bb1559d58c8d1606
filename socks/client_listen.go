package socks

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// Listen asks the server to accept one stream (BIND). address is "host:port" with the port to listen on and the only
// host that may connect; if the host is empty, any peer may. The listener's address is the one to give to the peer;
// SOCKS 4 servers do not report the host, which is then 0.0.0.0. network is as for DialContext, and ctx bounds
// everything up to the first reply.
//
// Accept returns one connection, whose RemoteAddr is the peer as reported by the server, and then net.ErrClosed.
// Closing the listener earlier ends the wait; the server may end it too.
func (d *Dialer) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l, err := d.listen(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: target{network, address}, Err: err}
	}
	return l, nil
}

func (d *Dialer) listen(ctx context.Context, network, address string) (net.Listener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	if strings.HasPrefix(address, ":") {
		address = "0.0.0.0" + address
	}
	peer, err := splitAddr(address)
	if err != nil {
		return nil, err
	}
	conn, m, bound, err := d.request(ctx, wire.CmdBind, peer)
	if err != nil {
		return nil, err
	}
	return &boundListener{conn: conn, messages: m, addr: addrTarget(network, bound)}, nil
}

// addrTarget is an address of a reply as a net.Addr.
func addrTarget(network string, a wire.Addr) target {
	host := a.Name
	if a.IP.IsValid() {
		host = a.IP.String()
	} else if host == "" {
		host = netip.IPv4Unspecified().String()
	}
	return target{network, net.JoinHostPort(host, strconv.Itoa(int(a.Port)))}
}

// boundListener waits for the second reply on conn, which becomes the stream.
type boundListener struct {
	conn     net.Conn
	messages messages
	addr     target

	accepting sync.Mutex // one Accept at a time
	mu        sync.Mutex
	over      bool // Close was called, or Accept has had its one result
	closed    bool
}

func (l *boundListener) Addr() net.Addr { return l.addr }

// Accept waits for the peer.
func (l *boundListener) Accept() (net.Conn, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	conn, err := l.accept()
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: l.addr.network, Addr: l.addr, Err: err}
	}
	return conn, nil
}

func (l *boundListener) accept() (net.Conn, error) {
	if l.isOver() {
		return nil, net.ErrClosed
	}
	peer, err := l.messages.reply(l.conn)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	switch {
	case l.closed:
		l.conn.Close()
		return nil, net.ErrClosed
	case err != nil:
		l.conn.Close()
		return nil, serverFault(context.Background(), err)
	}
	c := boundConn{l.conn, addrTarget(l.addr.network, peer)}
	if w, ok := l.conn.(halfCloser); ok {
		return boundHalfCloser{c, w}, nil
	}
	return c, nil
}

func (l *boundListener) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

// Close ends the waiting. It does not close the connection that Accept returned.
func (l *boundListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return nil
	}
	l.over, l.closed = true, true
	return l.conn.Close()
}

// boundConn is a stream from a peer, whose address the server told.
type boundConn struct {
	net.Conn
	peer target
}

func (c boundConn) RemoteAddr() net.Addr { return c.peer }

// Raw lets a relay use the connection to the server itself.
func (c boundConn) Raw() (net.Conn, bool) { return c.Conn, true }

type boundHalfCloser struct {
	boundConn
	halfCloser
}
