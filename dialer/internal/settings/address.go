package settings

import (
	"fmt"
	"net"
	"strings"
)

// AddressField is the name of the field with the ith address of a session: Address, and then its Fallbacks.
func AddressField(i int) string {
	if i == 0 {
		return "Address"
	}
	return fmt.Sprintf("Fallbacks[%d]", i-1)
}

// HostPort returns a router's TCP address as it is dialled. The host must be an IP literal or localhost, which is not looked up,
// as names would need DNS; the host's own dial function may know others.
func HostPort(address string, ownDial bool) (string, error) {
	host, _, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return "", err
	case host == "localhost":
		return "127.0.0.1" + strings.TrimPrefix(address, host), nil
	case !ownDial && net.ParseIP(host) == nil:
		return "", fmt.Errorf("%q: host must be an IP literal, as names would need DNS", address)
	}
	return address, nil
}
