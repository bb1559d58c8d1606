package i2psocks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/go-i2p/i2psocks/socks"
)

// ErrExposed reports that a SOCKS port was requested on an address that other machines can reach.
var ErrExposed = errors.New("a SOCKS port beyond loopback needs a secret and AllowRemote")

// ListenSOCKS opens a port for SOCKS 4, 4a and 5. network is "tcp", "tcp4" or "tcp6", with an address "IP:port" or
// "localhost:port", where port 0 selects a free one; or "unix" with the path of a socket, as in [socks.ListenUnix].
// Clients must give the endpoint's Secret as their password, unless NoSecret is set: [Proxy.URL] and [Proxy.Env]
// contain it. SOCKS 4 clients give "user:password" as user ID. A unix socket, which only this user can reach,
// requires a password only if Secret is set.
//
// The user name is an isolation token; if no password is required, user name and password together are. Clients with
// the same token share an identity, which no other token and no other port has. Clients without a user name, or with
// exactly that of [Proxy.URL], use the endpoint's own identity. See [Endpoint.Isolation].
//
// Requests for hosts outside I2P are refused. An IPv6 address of GarliCat (see [i2phost.GarliCat]) is accepted if it
// belongs to an entry of Hosts or the Book. BIND as the endpoint's own identity is refused too, see ConfigureSOCKS.
//
// It fails with [ErrExposed] for an address that is not loopback, unless AllowRemote is set and a secret is required.
// The session starts with the first request, or with [Endpoint.Up].
//
// [i2phost.GarliCat]: https://pkg.go.dev/github.com/go-i2p/i2psocks/addrbook/i2phost#GarliCat
func (e *Endpoint) ListenSOCKS(ctx context.Context, network, address string) (*Proxy, error) {
	has, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		ln, err := socks.ListenUnix(address)
		if err != nil {
			return nil, err
		}
		return e.newProxy(has, ln, e.Secret, false)
	}
	host, port, local, err := listenAddress(network, address)
	if err != nil {
		return nil, err
	}
	secret, err := e.secret(local)
	if err != nil {
		return nil, err
	}
	var conf net.ListenConfig
	if local { // no client can go away without a word, so that there is nothing to probe for
		conf.KeepAlive = -1
	}
	ln, err := conf.Listen(ctx, network, net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return e.newProxy(has, ln, secret, port == 0)
}

// ServeSOCKS is ListenSOCKS for an existing listener, such as one passed by systemd. It takes ownership of the
// listener and closes it also when it fails.
//
// Clients need the password on a unix socket too, unless NoSecret is set, because it is not known who may connect. A
// listener that is neither on a loopback address nor on a unix socket is treated as one that other machines can
// reach. With Isolation.Persistent, tokens belong to the address of the listener, which should therefore not change.
func (e *Endpoint) ServeSOCKS(ctx context.Context, ln net.Listener) (*Proxy, error) {
	has, err := e.start(ctx)
	var secret Secret
	if err == nil {
		secret, err = e.secret(isLocal(ln.Addr()))
	}
	if err != nil {
		ln.Close()
		return nil, err
	}
	return e.newProxy(has, ln, secret, false)
}

// secret returns the secret of a new port, "" for none.
func (e *Endpoint) secret(local bool) (Secret, error) {
	switch {
	case !local && (e.NoSecret || !e.AllowRemote):
		return "", ErrExposed
	case e.NoSecret || e.Secret != "":
		return e.Secret, nil
	}
	return Secret(rand.Text()), nil
}

func isLocal(a net.Addr) bool {
	if a.Network() == "unix" {
		return true
	}
	to, err := netip.ParseAddrPort(a.String())
	return err == nil && to.Addr().Unmap().IsLoopback()
}

// listenAddress reads where a port is asked for, and whether only this machine can reach it. Names are not looked up.
func listenAddress(network, address string) (host string, port int, local bool, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return "", 0, false, net.UnknownNetworkError(network)
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, false, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, false, fmt.Errorf("port %q is not a number from 0 to 65535", text)
	}
	switch {
	case host == "":
		return "", int(n), false, nil
	case host == "localhost" && network == "tcp6":
		host = "::1"
	case host == "localhost":
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "", 0, false, fmt.Errorf("SOCKS address %q: host must be an IP address or localhost", address)
	}
	return host, int(n), ip.IsLoopback(), nil
}
