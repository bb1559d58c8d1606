//go:build !linux

package socks

import (
	"net"
	"syscall"
)

// splice is only in Linux; done is always false.
func (f *flow) splice() (srcErr, dstErr error, done bool) { return nil, nil, false }

func dropPipes() bool { return false }

// socket is only in Linux, as the lot is.
func socket(net.Conn) (syscall.RawConn, net.Conn) { return nil, nil }

// canAsk is only in Linux.
func canAsk(net.Conn) bool { return false }

func askLife(net.Conn, *halfClosed, life) life { return lifeUnknown }
