//go:build unix

package i2psocks

import (
	"net"
	"syscall"
)

// onlyIPv6 reports whether a listener on :: has no IPv4 addresses, or may have none.
func onlyIPv6(ln net.Listener) bool {
	c, ok := ln.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	only := 1
	err = raw.Control(func(fd uintptr) {
		if v, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY); err == nil {
			only = v
		}
	})
	return err != nil || only != 0
}
