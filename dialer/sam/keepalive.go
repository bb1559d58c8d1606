package sam

import (
	"net"
	"net/netip"
	"time"
)

// newDialer returns what dials a bridge where the host has no way of its own. From beyond loopback
// a connection can be cut without a word: streams and waiting ACCEPTs, on which nothing can be
// asked, then end after two minutes. On loopback it cannot, and thousands of idle streams need no
// probes.
func newDialer(network, address string) *net.Dialer {
	at, err := netip.ParseAddrPort(address)
	if network == "unix" || err == nil && at.Addr().Unmap().IsLoopback() {
		return &net.Dialer{KeepAlive: -1}
	}
	return &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 45 * time.Second, Interval: 15 * time.Second, Count: 5,
	}}
}
