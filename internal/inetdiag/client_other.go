//go:build !linux

package inetdiag

import (
	"errors"
	"net"
	"net/netip"
)

var errSystem = errors.New("only Linux has it")

type client struct{}

func (*client) peer(*net.TCPConn) (Info, error) { return Info{}, unsupported(errSystem) }
func (*client) tcp(netip.AddrPort, netip.AddrPort) (Info, error) {
	return Info{}, unsupported(errSystem)
}
func (*client) close() error { return nil }
