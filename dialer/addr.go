package dialer

import (
	"net"
	"strconv"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// Addr is the address of an I2P endpoint. It is comparable and safe to copy.
type Addr struct {
	// Host is the name by which the endpoint is known: its base32 name
	// ("….b32.i2p"), or the host name it was dialled by.
	Host string
	// Port is the I2P virtual port; 0 where the router tells none.
	Port uint16
	// Destination is the long form of the address; zero when only Host is known.
	Destination keys.Destination
}

var _ net.Addr = Addr{}

// Network returns "i2p".
func (Addr) Network() string { return "i2p" }

// String returns "host:port". It never holds the 516 and more characters of the Destination.
func (a Addr) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port))) }

// AddrOf returns the address of a destination under its base32 name.
func AddrOf(d keys.Destination, port uint16) Addr {
	return Addr{Host: d.Base32(), Port: port, Destination: d}
}

// Base32 returns the base32 name of the endpoint: Host if it is one, including that of an encrypted lease set,
// otherwise that of the Destination. It returns false if neither is known.
func (a Addr) Base32() (b32 string, ok bool) {
	if host, err := i2phost.Parse(a.Host); err == nil && (host.Kind() == i2phost.Base32 || host.Kind() == i2phost.EncryptedBase32) {
		return host.String(), true
	}
	if a.Destination.IsZero() {
		return "", false
	}
	return a.Destination.Base32(), true
}
