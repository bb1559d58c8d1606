package dialer

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// Target is a validated address to dial.
type Target struct {
	Host i2phost.Host
	Addr Addr // with the Destination where Host is a base64 one
}

// ParseTarget validates the arguments of Dial. network is "tcp", "tcp4", "tcp6" or "i2p", which are equivalent;
// address is "host:port". It fails with [ErrNotI2P] for an address outside I2P, with [ErrBadDestination] for a
// malformed one, and with a net.UnknownNetworkError. It performs no lookup.
func ParseTarget(network, address string) (Target, error) {
	name, port, err := SplitHostPort(network, address)
	if err != nil {
		return Target{}, err
	}
	host, err := i2phost.Parse(name)
	switch {
	case errors.Is(err, i2phost.ErrNotI2P):
		return Target{}, fmt.Errorf("%w: %w", ErrNotI2P, err)
	case err != nil:
		return Target{}, fmt.Errorf("%w: %w", ErrBadDestination, err)
	}
	t := Target{host, Addr{Host: host.String(), Port: port}}
	if host.Kind() == i2phost.Base64 {
		d, err := keys.ParseDestination(host.String())
		if err != nil {
			return Target{}, fmt.Errorf("%w: %w", ErrBadDestination, err)
		}
		t.Addr = AddrOf(d, port)
	}
	return t, nil
}

// SplitHostPort validates the network, as ParseTarget does, and splits the address, whose host may be empty. It fails
// with [ErrBadDestination] and net.UnknownNetworkError.
func SplitHostPort(network, address string) (host string, port uint16, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "i2p":
	default:
		return "", 0, net.UnknownNetworkError(network)
	}
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%w: %w", ErrBadDestination, err)
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%w: port %q is not a number from 0 to 65535", ErrBadDestination, digits)
	}
	return host, uint16(n), nil
}
