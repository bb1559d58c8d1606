package socks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
	"golang.org/x/net/proxy"
)

var (
	_ proxy.Dialer        = (*Dialer)(nil)
	_ proxy.ContextDialer = (*Dialer)(nil)
)

// Dialer opens streams through a SOCKS server. Host names are sent to the server and never resolved here. It may be
// used concurrently as long as its fields do not change.
//
// Errors are *net.OpError. If the server refused the request they wrap a *ReplyError with the reply code, and
// errors.Is matches the corresponding value of the standard library. A server that cannot be reached or used is a
// GeneralFailure. If ctx has ended the error is ctx.Err().
type Dialer struct {
	// Version is [SOCKS5] if zero. [SOCKS4] takes IPv4 addresses only.
	Version Version

	// Network and Address are those of the server; an empty Network means "tcp". A host name in Address is resolved
	// by Forward, or by the system if Forward is nil.
	Network, Address string

	// Username and Password are the credentials, each of at most 255 bytes in SOCKS 5. If either is set, a server
	// that does not ask for them is refused, because it could not distinguish this user from others. SOCKS 4 sends
	// them as user ID, joined by a colon if there is a password, which must not contain one.
	Username, Password string `json:"-"`

	// Forward connects to the server; nil means a [net.Dialer]. DialContext returns its connections without wrapping
	// them.
	Forward proxy.ContextDialer
}

// Format prints only the address of the server, whatever the verb, and never the credentials.
func (d Dialer) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "socks.Dialer(%s)", d.Address) }

// target is the address asked for. It is a net.Addr for errors.
type target struct{ network, address string }

func (t target) Network() string { return t.network }
func (t target) String() string  { return t.address }

// Dial is DialContext without a context.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext requests a stream to address, "host:port" with a numeric port. network must be "tcp", "tcp4" or "tcp6",
// which are equivalent. ctx bounds everything up to the server's reply.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: target{network, address}, Err: err}
	}
	return conn, nil
}

func (d *Dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	addr, err := splitAddr(address)
	if err != nil {
		return nil, err
	}
	conn, _, _, err := d.request(ctx, wire.CmdConnect, addr)
	return conn, err
}

// request connects to the server and returns its first reply, if that is success.
func (d *Dialer) request(ctx context.Context, cmd byte, a wire.Addr) (conn net.Conn, m messages, bound wire.Addr, err error) {
	if m, err = d.messages(cmd, a); err != nil {
		return nil, m, bound, err
	}
	if conn, err = d.connect(ctx); err != nil {
		return nil, m, bound, err
	}
	release := interrupt(ctx, conn)
	bound, err = m.exchange(conn)
	release()
	if err != nil {
		conn.Close()
		return nil, m, bound, serverFault(ctx, err)
	}
	return conn, m, bound, nil
}

// serverFault marks an error that is not about the target: a server that dials
// through us must not answer that its target refused when ours did.
func serverFault(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*ReplyError](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &ReplyError{Reply: GeneralFailure, Err: err}
}

// connect reaches the server.
func (d *Dialer) connect(ctx context.Context) (net.Conn, error) {
	forward, network := d.Forward, d.Network
	if forward == nil {
		forward = &net.Dialer{}
	}
	if network == "" {
		network = "tcp"
	}
	conn, err := forward.DialContext(ctx, network, d.Address)
	if err == nil && conn == nil {
		err = errNoConn
	}
	if err != nil {
		return nil, serverFault(ctx, err)
	}
	return conn, nil
}

func splitAddr(address string) (wire.Addr, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return wire.Addr{}, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return wire.Addr{}, &net.AddrError{Err: "port is not a number up to 65535", Addr: address}
	}
	a := wire.Addr{Name: host, Port: uint16(n)}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return wire.Addr{}, &net.AddrError{Err: "IPv6 zone means nothing to another host", Addr: address}
		}
		a.Name, a.IP = "", ip.Unmap()
	} else if host == "" {
		return wire.Addr{}, &net.AddrError{Err: "empty host", Addr: address}
	}
	return a, nil
}

var errNeedsIPv4 = errors.New("socks: SOCKS4 takes IPv4 addresses only, use SOCKS4a for names")
