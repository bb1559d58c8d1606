package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
)

// hosts is the program's own table of names, in canonical form.
type hosts struct {
	byName     map[string]i2phost.Host
	byGarliCat map[netip.Addr]garliCatHost
}

// newHosts checks a table as it stands in Endpoint.Hosts.
func newHosts(table map[string]string) (hosts, error) {
	h := hosts{make(map[string]i2phost.Host, len(table)), make(map[netip.Addr]garliCatHost, 2*len(table))}
	for name, value := range table {
		host, err := i2phost.Parse(name)
		if err != nil || host.Kind() != i2phost.Name {
			return hosts{}, fmt.Errorf("host %q: not a host name of I2P", name)
		}
		to, err := dialer.ParseTarget("i2p", net.JoinHostPort(value, "0"))
		if err != nil {
			return hosts{}, fmt.Errorf("host %q: %w", name, err)
		}
		if to.Host.Kind() == i2phost.Name {
			return hosts{}, fmt.Errorf("host %q: its value must be a base32 name or a base64 destination", name)
		}
		if other, ok := h.byName[host.String()]; ok && other != to.Host {
			return hosts{}, fmt.Errorf("host %q: given twice", name)
		}
		h.byName[host.String()] = to.Host
		h.addGarliCat(to)
	}
	return h, nil
}

// names are where an identity finds hosts: in its table, then its book.
type names struct {
	hosts  hosts
	book   *addrbook.Book // nil is none
	router bool           // names that the book does not know are left to the router of the identity's session
}

// dial opens a stream by a backend to what an address stands for.
func (n names) dial(ctx context.Context, b dialer.Backend, network, address string) (net.Conn, error) {
	address, err := n.resolve(ctx, network, address)
	if err != nil {
		return nil, dialer.OpError("dial", nil, err)
	}
	return b.DialContext(ctx, network, address)
}

// resolve checks an address and puts in what its name stands for.
func (n names) resolve(ctx context.Context, network, address string) (string, error) {
	if host, port, err := dialer.SplitHostPort(network, address); err == nil {
		if addr, ok := garliCatAddr(host); ok {
			if host, err = n.garliCat(ctx, addr); err != nil {
				return "", err
			}
			return net.JoinHostPort(host, strconv.Itoa(int(port))), nil
		}
	}
	to, err := dialer.ParseTarget(network, address)
	if err != nil {
		return "", err
	}
	host := to.Host.String()
	if known, ok := n.hosts.byName[host]; ok {
		host = known.String()
	} else if n.book != nil && to.Host.Kind() == i2phost.Name {
		d, err := n.book.Lookup(ctx, host)
		switch {
		case err == nil:
			host = d.Text()
		case !errors.Is(err, addrbook.ErrNotFound):
			return "", err
		case !n.router:
			return "", fmt.Errorf("%w: %w", dialer.ErrNameNotFound, err)
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(int(to.Addr.Port))), nil
}
