package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// Split is one dialer for a program that uses I2P and another network, such as Tor, a local network or the clearnet.
// Hosts that [i2phost.Parse] accepts, and GarliCat addresses, are dialled by I2P only; well-formed hosts outside I2P
// by Other. Anything else, such as "x..i2p", "i2p" or a name that is not ASCII, is refused, because it may be meant
// for I2P. (The proxy.PerHost of golang.org/x/net compares suffixes, and sends "X.I2P" and "x.i2p." to the clearnet.)
//
// Both dialers receive the address unchanged. The methods may be called by several goroutines at once; the fields
// must not change meanwhile.
type Split struct {
	// I2P dials hosts in I2P, on the networks "tcp", "tcp4", "tcp6" and "i2p"; usually it is an Endpoint. If it is
	// nil they are refused with [ErrNotI2P] and never passed to Other.
	I2P proxy.ContextDialer
	// Other dials everything outside I2P, on any network, unix sockets included. If it is nil that is refused with
	// [ErrNotI2P]. A [net.Dialer] uses the system's resolver and reveals the IP address of this machine.
	Other proxy.ContextDialer
}

var (
	_ proxy.Dialer        = (*Split)(nil)
	_ proxy.ContextDialer = (*Split)(nil)
)

// Dial is DialContext without a context.
func (s *Split) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

// DialContext dials "host:port" with the dialer to which the host belongs. If it belongs to neither it fails with
// [ErrBadDestination], in a *net.OpError.
func (s *Split) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	inside, err := inI2P(network, address)
	to := s.Other
	if inside {
		to = s.I2P
	}
	if err == nil && to == nil {
		err = ErrNotI2P
	}
	if err != nil {
		return nil, OpError("dial", nil, err)
	}
	return to.DialContext(ctx, network, address)
}

// inI2P decides where an address belongs. The error is for one that is malformed.
func inI2P(network, address string) (bool, error) {
	switch {
	case network == "i2p":
		return true, nil
	case strings.HasPrefix(network, "unix"):
		return false, nil
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrBadDestination, err)
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		_, garliCat := i2phost.GarliCat(ip.WithZone(""))
		return garliCat, nil
	}
	_, err = i2phost.Parse(name)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, i2phost.ErrNotI2P):
		return false, nil
	case name == "": // this machine
		return false, nil
	}
	return false, fmt.Errorf("%w: %w", ErrBadDestination, err)
}
