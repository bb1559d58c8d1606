//go:build !linux

package socks

import "net"

// splice is only in Linux; done is always false.
func (f *flow) splice() (srcErr, dstErr error, done bool) { return nil, nil, false }

// awaitGone is only in Linux.
func awaitGone(net.Conn) bool { return false }
