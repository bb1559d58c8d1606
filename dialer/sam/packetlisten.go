package sam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer"
)

// ListenPacket opens a session for datagrams and waits until it is up, which takes as long as for streams. It is
// independent of the session for streams, which is not started, and has an identity of its own that ends with it:
// i2pd cannot run one identity twice. LocalAddr returns that identity. It is published, and its tunnels are built, as
// configured for the Session, whose Close closes it. With [Session.Primary] it may be a subsession with the Session's
// own identity.
//
// network is the style, which both peers must share. The value is a [*PacketConn].
//
//   - "udp", "udp4", "udp6" and "i2p-datagram" mean DATAGRAM: the sender is known and verified.
//   - "i2p-raw" means RAW: there is no sender, and ReadFrom returns an address without a host.
//   - "i2p-datagram2" means DATAGRAM2: DATAGRAM that is signed for one receiver, who cannot pass it on to others as sent
//     to them. That the same one gets it twice is not prevented.
//   - "i2p-datagram3" means DATAGRAM3: the sender is a base32 name to reply to. It is not verified: anybody can
//     claim to be anybody.
//
// i2pd has the last two from 2.58 on; Java I2P 0.9.48 does not have them. If they are missing the error matches
// [errors.ErrUnsupported]; another style is never substituted.
//
// address is ":port". Java I2P and, over UDP, i2pd from 2.58 on send the port to peers. If it is not 0, packets to
// other ports are not received, if the router reports ports, except those to port 0, since older i2pd cannot send to
// any other.
//
// Packets are sent over UDP to routers on loopback (see UDPAddress), otherwise over the control connection, on which
// i2pd accepts about 7 kB, less than 1 kB beyond loopback, and 200 packets a second.
func (s *Session) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	p, err := s.listenPacket(ctx, network, address)
	if err != nil {
		return nil, dialer.OpError("listen", nil, err)
	}
	return p, nil
}

func (s *Session) listenPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	styleName, ok := styles[network]
	if !ok {
		return nil, net.UnknownNetworkError(network)
	}
	host, port, err := dialer.SplitHostPort("i2p", address)
	if err != nil {
		return nil, err
	}
	if host != "" {
		return nil, fmt.Errorf("%w: packets have an identity of their own", syscall.EADDRNOTAVAIL)
	}
	primary, err := s.isPrimary(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.newPacketConn(styleName, port, primary)
	if err != nil {
		return nil, err
	}
	if _, err := p.attach(ctx); err != nil {
		if ctx.Err() != nil {
			go p.Close() // it may have to wait for a router that is still asked for the session
		} else {
			p.Close()
		}
		return nil, err
	}
	return p, nil
}

// styles are the STYLEs of networks.
var styles = map[string]string{
	"udp": repliable, "udp4": repliable, "udp6": repliable, "i2p-datagram": repliable,
	"i2p-raw": raw, "i2p-datagram2": repliable2, "i2p-datagram3": hashed,
}

// styleError tells an answer that the router does not know the STYLE, which only its words tell,
// from other failures.
func styleError(err error) error {
	if e, ok := errors.AsType[*ResultError](err); ok && e.Result == "I2P_ERROR" && strings.Contains(e.Message, "STYLE") {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	return err
}

// newPacketConn makes a PacketConn whose session is not started yet. With primary it joins the sessions of s, if
// datagrams go over UDP.
func (s *Session) newPacketConn(styleName string, port uint16, primary bool) (*PacketConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keep.Closed() {
		return nil, dialer.ErrSessionClosed
	}
	if err := s.init(); err != nil {
		return nil, err
	}
	p := &PacketConn{
		parent: s, style: styleName, port: port,
		in: make(chan packet, backlogPackets), closed: make(chan struct{}), gone: make(chan struct{}),
	}
	p.session = s.sibling()
	if err := p.listenUDP(s.bridges); err != nil {
		return nil, err
	}
	p.session.style = style{name: styleName, options: p.options, received: p.received, overControl: p.udp == nil}
	if primary && p.udp != nil {
		if err := p.join(s); err != nil {
			p.udp.Close()
			return nil, err
		}
	}
	if s.packets == nil {
		s.packets = make(map[*PacketConn]struct{})
	}
	s.packets[p] = struct{}{}
	return p, nil
}
