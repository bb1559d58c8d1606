package i2pnet

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
)

// Enter runs f on a thread that is inside the namespace: the sockets that f opens
// live there, and stay there after f. Goroutines that f starts
// run on other threads, outside; f must not start the work of a socket it has yet to open.
func (n *Network) Enter(f func() error) error { return n.ns.enter(f) }

// DialContext dials from inside the namespace, like [net.Dialer.DialContext].
// The address must be an IP literal and a port: nothing is looked up.
func (n *Network) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if err := literal("dial", network, address); err != nil {
		return nil, err
	}
	err = n.Enter(func() (err error) {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen listens inside the namespace, like [net.Listen], on an IP literal and a port.
func (n *Network) Listen(network, address string) (ln net.Listener, err error) {
	if err := literal("listen", network, address); err != nil {
		return nil, err
	}
	err = n.Enter(func() (err error) {
		ln, err = net.Listen(network, address)
		return err
	})
	return ln, err
}

// ListenPacket listens for packets inside the namespace, like [net.ListenPacket], on an IP literal
// and a port.
func (n *Network) ListenPacket(network, address string) (conn net.PacketConn, err error) {
	if err := literal("listen", network, address); err != nil {
		return nil, err
	}
	err = n.Enter(func() (err error) {
		conn, err = net.ListenPacket(network, address)
		return err
	})
	return conn, err
}

func literal(op, network, address string) error {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return &net.OpError{Op: op, Net: network, Err: err}
	}
	return nil
}

// Command is [exec.CommandContext] for a program that runs inside the
// namespace. It is killed when this process ends.
func (n *Network) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.Namespace(), name}, args...)...)
	dieWithUs(cmd)
	return cmd
}
