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

// Split is one dialer for a program that uses I2P and something else, such as Tor, a local network, or the clear
// net. What [i2phost.Parse] takes for a host of I2P goes to I2P alone, and so do GarliCat's addresses; a well-formed
// host outside it goes to Other. What is neither, such as "x..i2p", "i2p" or a name that is not ASCII, goes nowhere, as
// it might be meant for I2P: x/net's proxy.PerHost, which compares suffixes, sends "X.I2P" and "x.i2p." to the clear net.
//
// The two see the address as it was given. Its methods may be called by several goroutines at once; its fields must not
// change then.
type Split struct {
	// I2P dials the hosts of I2P, on the networks "tcp", "tcp4", "tcp6" and "i2p"; usually an Endpoint. Nil refuses
	// them with [ErrNotI2P]: never do they go to Other.
	I2P proxy.ContextDialer
	// Other dials all that is outside I2P, on any network; unix sockets too. Nil refuses that with [ErrNotI2P]. A
	// [net.Dialer] asks the system's resolver for names, and says where this machine is.
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

// DialContext dials "host:port" by the one of the two that the host belongs to. What belongs to none fails
// with [ErrBadDestination], in a [*net.OpError].
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
