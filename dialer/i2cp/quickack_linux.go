package i2cp

import (
	"net"
	"syscall"
)

// acknowledger returns what lets the kernel acknowledge at once what was read. i2pd writes its word on a message and the
// next payload one after the other with Nagle's algorithm (RFC 896), so that the second waits for the acknowledgement of the
// first, which the kernel delays by 40 ms. It is to be called after each read: tcp(7), TCP_QUICKACK.
func acknowledger(conn net.Conn) func() {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return func() {}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return func() {}
	}
	set := func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) }
	return func() { _ = raw.Control(set) } // at worst it is late
}
