package socks

import (
	"context"
	"net"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// Resolve asks the server for the address of host (Tor's RESOLVE): a base32 name, or an IP address that the server
// accepts in place of host. SOCKS 4a returns only the latter. Errors are those of DialContext.
func (d *Dialer) Resolve(ctx context.Context, host string) (string, error) {
	found, err := d.resolve(ctx, host)
	if err != nil {
		return "", &net.OpError{Op: "resolve", Net: "socks", Addr: target{"socks", host}, Err: err}
	}
	name, _, err := net.SplitHostPort(addrTarget("", found).address)
	return name, err
}

func (d *Dialer) resolve(ctx context.Context, host string) (wire.Addr, error) {
	a, err := splitAddr(net.JoinHostPort(host, "0"))
	if err != nil {
		return wire.Addr{}, err
	}
	conn, _, found, err := d.request(ctx, wire.CmdResolve, a)
	if err == nil {
		conn.Close()
	}
	return found, err
}
