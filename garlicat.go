package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/socks"
)

// garliCatAddr returns the address that a host is, or is the name of: see [i2phost.GarliCat].
func garliCatAddr(host string) (netip.Addr, bool) {
	if addr, ok := i2phost.ParseGarliCat(host); ok {
		return addr, true
	}
	if !strings.Contains(host, ":") { // no address of IPv6
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return addr, false
	}
	_, ok := i2phost.GarliCat(addr)
	return addr, ok
}

// admit is the policy of a SOCKS port: I2P only, of which GarliCat addresses are a part.
func admit(ctx context.Context, r *socks.Request) error {
	if addr, ok := garliCatAddr(r.Host); ok && (r.Command == socks.Connect || r.Command == socks.Datagram) {
		r.Host, _ = i2phost.GarliCat(addr)
		return nil
	}
	return socks.I2POnly(ctx, r)
}

// garliCat finds who has an address: by the table, else by the book. Routers do not know.
func (n names) garliCat(ctx context.Context, addr netip.Addr) (host string, err error) {
	if host, err := n.hosts.garliCat(addr); host != "" || err != nil {
		return host, err
	}
	if n.book == nil {
		return "", fmt.Errorf("%w: GarliCat address, and no Book", dialer.ErrNameNotFound)
	}
	d, err := n.book.LookupGarliCat(ctx, addr)
	if errors.Is(err, addrbook.ErrNotFound) {
		return "", fmt.Errorf("%w: %w", dialer.ErrNameNotFound, err)
	}
	if err != nil {
		return "", err
	}
	return d.Text(), nil
}

// garliCatHost is whose an address is.
type garliCatHost struct {
	host    i2phost.Host
	hash    [32]byte
	several bool // so that it is nobody's
}

// addGarliCat notes the addresses of a host, unless it does not tell its hash.
func (h hosts) addGarliCat(to dialer.Target) {
	hash, ok := to.Host.Hash()
	if d := to.Addr.Destination; !d.IsZero() {
		hash, ok = d.Hash(), true
	}
	if !ok {
		return
	}
	first, last := i2phost.GarliCatAddrs(hash)
	for _, addr := range []netip.Addr{first, last} {
		before, taken := h.byGarliCat[addr]
		h.byGarliCat[addr] = garliCatHost{to.Host, hash, before.several || taken && before.hash != hash}
	}
}

// garliCat returns the host with an address, "" if there is none. An address of two hosts is nobody's.
func (h hosts) garliCat(addr netip.Addr) (string, error) {
	found := h.byGarliCat[addr]
	if found.several {
		return "", fmt.Errorf("%w: GarliCat address of several", dialer.ErrNameNotFound)
	}
	return found.host.String(), nil
}
