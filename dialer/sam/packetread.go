package sam

import (
	"bytes"
	"errors"
	"net"
	"os"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// ReadFrom waits for a packet. addr is the [dialer.Addr] of its sender, with its Destination. For "i2p-datagram3" it
// has only the Host, which is not verified; for raw packets only the port. The port is 0 if the router does not
// report it. What does not fit in b is discarded.
func (p *PacketConn) ReadFrom(b []byte) (n int, addr net.Addr, err error) {
	late := p.readDeadline.Passed()
	select { // both before a packet that waits
	case <-p.closed:
		return 0, nil, dialer.OpError("read", p.LocalAddr(), net.ErrClosed)
	case <-late:
		return 0, nil, dialer.OpError("read", p.LocalAddr(), os.ErrDeadlineExceeded)
	default:
	}
	select {
	case got := <-p.in:
		p.held.Add(-int64(len(got.payload)))
		return copy(b, got.payload), got.from, nil
	case <-p.closed:
		return 0, nil, dialer.OpError("read", p.LocalAddr(), net.ErrClosed)
	case <-late:
		return 0, nil, dialer.OpError("read", p.LocalAddr(), os.ErrDeadlineExceeded)
	}
}

// deliver hands a packet to the readers, or drops it when they are slow.
func (p *PacketConn) deliver(got packet) {
	if got.from.Host != "" {
		p.peers.heard(got.from.Host)
	}
	if p.port != 0 && got.port != 0 && got.port != p.port {
		p.stats.otherPort.Add(1)
		return
	}
	size := int64(len(got.payload))
	if p.held.Add(size) <= backlogBytes {
		select {
		case p.in <- got:
			return
		default:
		}
	}
	p.held.Add(-size)
	p.stats.overflow.Add(1)
}

// received takes what came on the control connection.
func (p *PacketConn) received(m wire.Message, payload []byte) {
	got, err := parseReceived(m, p.style, payload)
	if err != nil {
		p.stats.malformed.Add(1)
		return
	}
	p.deliver(got)
}

// readUDP takes what comes over UDP, until the socket is closed. Anybody on this machine can send
// to it, so only what the router sends counts.
func (p *PacketConn) readUDP() {
	buf := make([]byte, maxReceived)
	for {
		n, from, err := p.udp.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // Windows tells here that the router is gone
			continue
		}
		route := p.route.Load()
		if route == nil || from != route.router {
			p.stats.strangers.Add(1)
			continue
		}
		got, err := parseForwarded(buf[:n], p.style, route.header)
		if err != nil {
			p.stats.malformed.Add(1)
			continue
		}
		got.payload = bytes.Clone(got.payload)
		p.deliver(got)
	}
}
