package sam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/internal/bound"
	"github.com/go-i2p/i2psocks/keys"
)

// Sizes in bytes.
const (
	maxRepliable = 31744 // payload; Java I2P drops more, and it is known to arrive on i2pd
	maxRaw       = 32768 // payload, on Java I2P
	maxPacketUDP = 32768 // header and payload, on i2pd, which cuts off the rest
	oneSegment   = 1400  // what TCP carries in one piece anywhere
)

// sendGap keeps what is sent to the control connection of i2pd apart, which forgets what it reads
// behind a datagram.
const sendGap = 5 * time.Millisecond

// WriteTo sends a packet to an address of network "i2p", such as a [dialer.Addr] or the address of a received packet.
// The host of another type of address is looked up, unless that was done some minutes ago. WriteTo waits for the
// lookup, and for a router that is away, up to DialTimeout.
//
// Delivery is not reported. It fails with [ErrTooLarge] if the router would truncate or drop the packet because of
// its size, which depends on the router (at least 31,000 bytes over UDP), with errors.ErrUnsupported if b is empty,
// since not every router delivers that, with [dialer.ErrNotI2P], and with the errors of a lookup.
func (p *PacketConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	ctx, cancel := p.writeContext()
	defer cancel()
	err := p.writeTo(ctx, b, addr)
	if err == nil {
		return len(b), nil
	}
	switch cause := context.Cause(ctx); cause {
	case net.ErrClosed, os.ErrDeadlineExceeded:
		err = cause
	}
	return 0, dialer.OpError("write", addr, err)
}

// writeContext returns a context that ends with the deadline, the connection or DialTimeout.
func (p *PacketConn) writeContext() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	late := p.writeDeadline.Passed()
	select {
	case <-p.closed:
		cancel(net.ErrClosed)
	case <-late:
		cancel(os.ErrDeadlineExceeded)
	default:
		go func() {
			select {
			case <-p.closed:
				cancel(net.ErrClosed)
			case <-late:
				cancel(os.ErrDeadlineExceeded)
			case <-ctx.Done():
			}
		}()
	}
	done := func() { cancel(nil) }
	short, stop := bound.Context(ctx, p.session.dialTimeout())
	return short, func() { stop(); done() }
}

func (p *PacketConn) writeTo(ctx context.Context, b []byte, addr net.Addr) error {
	switch {
	case ctx.Err() != nil:
		return keeper.ContextError(ctx)
	case len(b) == 0:
		return fmt.Errorf("empty packet: %w", errors.ErrUnsupported)
	case len(b) > maxRaw:
		return ErrTooLarge
	}
	to, port, err := p.resolve(ctx, addr)
	if err != nil {
		return err
	}
	l, err := p.attach(ctx)
	if err != nil {
		return err
	}
	if err := p.send(ctx, l, to, port, b); err != nil {
		return err
	}
	if l.profile.resend {
		p.peers.meet(to.Base32(), p.resend(l, to, port, bytes.Clone(b)))
	}
	return nil
}

// resend returns what sends a packet again, as long as the session is the same.
func (p *PacketConn) resend(l link, to keys.Destination, port uint16, b []byte) func() {
	return func() {
		if l.ctx.Err() == nil && p.send(l.ctx, l, to, port, b) == nil {
			p.stats.resent.Add(1)
		}
	}
}

// resolve returns the destination and the port of an address.
func (p *PacketConn) resolve(ctx context.Context, addr net.Addr) (keys.Destination, uint16, error) {
	if a, ok := addr.(dialer.Addr); ok && !a.Destination.IsZero() {
		return a.Destination, a.Port, nil
	}
	if addr == nil || addr.Network() != "i2p" {
		return keys.Destination{}, 0, dialer.ErrNotI2P
	}
	to, err := dialer.ParseTarget("i2p", addr.String())
	if err != nil {
		return keys.Destination{}, 0, err
	}
	if d := to.Addr.Destination; !d.IsZero() {
		return d, to.Addr.Port, nil
	}
	d, ok := p.names.get(to.Addr.Host)
	if !ok {
		if d, err = p.session.lookup(ctx, to.Host); err != nil {
			return d, 0, err
		}
		p.names.put(to.Addr.Host, d)
	}
	return d, to.Addr.Port, nil
}

// send sends a packet in this session.
func (p *PacketConn) send(ctx context.Context, l link, to keys.Destination, port uint16, b []byte) error {
	limit := l.profile.maxRaw
	if p.style != raw {
		limit = maxRepliable
	}
	if p.udp == nil {
		return p.sendControl(ctx, l, to, port, b, limit)
	}
	from := p.port
	if !l.profile.packetPorts {
		from, port = 0, 0
	}
	packet := appendUDPHeader(nil, l.id, to, from, port)
	if l.profile.maxUDP > 0 {
		limit = min(limit, l.profile.maxUDP-len(packet))
	}
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), limit)
	}
	_, err := p.udp.WriteToUDPAddrPort(append(packet, b...), p.route.Load().router)
	return err
}

// sendControl sends a packet over the control connection: in one write, which i2pd must find in one segment.
func (p *PacketConn) sendControl(ctx context.Context, l link, to keys.Destination, port uint16, b []byte, limit int) error {
	from := p.port
	if !l.profile.ports {
		from, port = 0, 0
	}
	packet, err := wire.AppendCommand(nil, sendCommand(p.style, to, len(b), from, port))
	if err != nil {
		return err
	}
	if l.profile.frail {
		limit = wire.MaxCommand - len(packet)
		if tcp, ok := l.control.conn.RemoteAddr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
			limit = oneSegment - len(packet)
		}
	}
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), limit)
	}
	if err := l.control.tell(ctx, append(packet, b...)); err != nil {
		return fmt.Errorf("datagram: %w", err)
	}
	return nil
}
