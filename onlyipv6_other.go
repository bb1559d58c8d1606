//go:build !unix

package i2psocks

import "net"

// onlyIPv6 reports whether a listener on :: has no IPv4 addresses, or may have none.
func onlyIPv6(net.Listener) bool { return true }
