package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/bound"
	"github.com/go-i2p/i2psocks/internal/deadline"
)

// listenPacket opens a packet connection by a backend. limit bounds what a write waits for a name, if it is positive.
func (n names) listenPacket(ctx context.Context, b dialer.Backend, network, address string, limit time.Duration) (net.PacketConn, error) {
	l, ok := b.(packetListener)
	if !ok {
		return nil, dialer.OpError("listen", nil, errUnable)
	}
	pc, err := l.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &packetConn{PacketConn: pc, names: n, limit: limit}
	c.open, c.close = context.WithCancelCause(context.Background())
	return c, nil
}

// packetConn looks names up as its identity does.
type packetConn struct {
	net.PacketConn
	names names
	limit time.Duration

	late  deadline.Signal // of writes
	open  context.Context // ends at Close
	close context.CancelCauseFunc
}

// Format keeps fmt from printing the names.
func (c *packetConn) Format(w fmt.State, _ rune) { io.WriteString(w, "i2psocks.PacketConn") }

func (c *packetConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if a, ok := to.(dialer.Addr); !ok || a.Destination.IsZero() {
		address, err := c.find(to)
		if err != nil {
			return 0, dialer.OpError("write", to, err)
		}
		to = addr(address)
	}
	return c.PacketConn.WriteTo(p, to)
}

// find looks a name up, no longer than until the deadline of writes, Close, or the limit.
func (c *packetConn) find(to net.Addr) (string, error) {
	switch {
	case to == nil:
		return "", fmt.Errorf("%w: none", dialer.ErrBadDestination)
	case c.names.book == nil: // nobody is asked
		return c.names.resolve(c.open, "i2p", to.String())
	}
	ctx, stop := context.WithCancelCause(c.open)
	defer stop(nil)
	late := c.late.Passed()
	go func() {
		select {
		case <-late:
			stop(os.ErrDeadlineExceeded)
		case <-ctx.Done():
		}
	}()
	within, cancel := bound.Context(ctx, c.limit)
	defer cancel()
	address, err := c.names.resolve(within, "i2p", to.String())
	if cause := waitError(within); err != nil && cause != nil {
		return "", cause
	}
	return address, err
}

func (c *packetConn) Close() error {
	c.close(net.ErrClosed)
	return c.PacketConn.Close()
}

func (c *packetConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *packetConn) SetWriteDeadline(t time.Time) error {
	c.late.Set(t)
	return c.PacketConn.SetWriteDeadline(t)
}

// addr is an address as it is written.
type addr string

func (addr) Network() string  { return "i2p" }
func (a addr) String() string { return string(a) }
