package sam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

// PacketConn sends and receives datagrams as an identity of its own. [Session.ListenPacket] returns one.
// Its methods may be called by several goroutines at once.
//
// Datagrams get lost, double or late, as on any network. A router that goes away is waited for:
// reads go on when the session is made anew, with the same identity, and a write waits for it
// until its deadline or the session's DialTimeout.
//
// The first packet to a peer from which nothing came yet is lost by i2pd, which looks for the peer
// first. It is therefore sent a second time after 1.5 s, unless something came from the peer
// meanwhile; of raw packets nobody knows from whom they came. To a peer that never answers i2pd
// brings some two raw packets a second.
type PacketConn struct {
	session *Session // of its own, or the parent if there is a membership
	parent  *Session
	member  *membership // nil with a session of its own
	style   string      // STYLE
	port    uint16
	udp     *net.UDPConn             // nil if datagrams go over the control connection
	route   atomic.Pointer[udpRoute] // nil as udp is, and before the router is known
	names   names
	peers   peers

	in   chan packet
	held atomic.Int64 // bytes in it

	readDeadline, writeDeadline deadline
	closing                     atomic.Bool
	closed                      chan struct{}
	gone                        chan struct{} // closed when nothing is left of it
	tasks                       sync.WaitGroup
	stats                       struct{ strangers, malformed, otherPort, overflow, resent atomic.Uint64 }
}

var _ net.PacketConn = (*PacketConn)(nil)

// ErrTooLarge: the packet is longer than the router can send in one piece. Matches [syscall.EMSGSIZE].
var ErrTooLarge error = tooLarge{}

type tooLarge struct{}

func (tooLarge) Error() string        { return "packet too large" }
func (tooLarge) Is(target error) bool { return target == syscall.EMSGSIZE }

// PacketStats counts what a PacketConn did not deliver as it came.
type PacketStats struct {
	Strangers uint64 // packets that did not come from the router
	Malformed uint64 // packets from the router that made no sense
	OtherPort uint64 // packets to another port than the one that was listened on
	Overflow  uint64 // packets that came faster than they were read
	Resent    uint64 // first packets to a peer that were sent a second time
}

// What may wait to be read: so many packets, and so many bytes of payload.
const (
	backlogPackets = 512
	backlogBytes   = 1 << 20
)

// ListenPacket opens a session for datagrams, and waits until it is up, which takes as long as for
// streams. It is in addition to that for streams, which it neither needs nor starts, and has an
// identity of its own that ends with it: i2pd cannot run one identity twice. LocalAddr tells who
// that is. Whether it is published, and how its tunnels are built, is as for the Session, which
// closes it in Close. With Session.Primary it may be a subsession with the Session's own identity.
//
// network is a style, which both peers must share. The value is a [*PacketConn].
//
//   - "udp", "udp4", "udp6" and "i2p-datagram" mean DATAGRAM: the sender is known and verified.
//   - "i2p-raw" means RAW: there is no sender, and ReadFrom returns an address without a host.
//   - "i2p-datagram2" means DATAGRAM2, which is DATAGRAM without its weakness that anybody can
//     send a packet a second time, or on to somebody else.
//   - "i2p-datagram3" means DATAGRAM3: the sender is a base32 name to answer to, and not verified.
//     Anybody can claim to be anybody.
//
// i2pd has the last two from 2.58 on; Java I2P 0.9.48 has not. Where they are missing the error
// matches [errors.ErrUnsupported], and no other style takes their place.
//
// address is ":port". Java I2P and, over UDP, i2pd from 2.58 on tell peers the port. With a port
// other than 0 packets to another port are not received, where the router tells, but those to port
// 0 are, since old i2pd can send to no other.
//
// Packets go over UDP to routers on loopback (see UDPAddress), else over the control connection,
// on which i2pd takes about 7 kB, and less than 1 kB beyond loopback, and 200 packets a second.
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
	if s.keep.Status().State == dialer.Closed {
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

// LocalAddr returns the [dialer.Addr] that packets are sent from.
func (p *PacketConn) LocalAddr() net.Addr {
	addr := p.session.Addr()
	addr.Port = p.port
	return addr
}

// Status returns how the session of the packets is at this moment.
func (p *PacketConn) Status() dialer.Status {
	st := p.session.Status()
	if p.member != nil {
		return p.member.status(st)
	}
	return st
}

// Stats returns what was counted so far.
func (p *PacketConn) Stats() PacketStats {
	return PacketStats{
		Strangers: p.stats.strangers.Load(), Malformed: p.stats.malformed.Load(),
		OtherPort: p.stats.otherPort.Load(), Overflow: p.stats.overflow.Load(), Resent: p.stats.resent.Load(),
	}
}

// Close ends the session, or the subsession. Blocked reads and writes fail with [net.ErrClosed].
func (p *PacketConn) Close() error {
	if p.closing.Swap(true) {
		return dialer.OpError("close", p.LocalAddr(), net.ErrClosed)
	}
	defer close(p.gone)
	close(p.closed)
	p.peers.reset()
	if p.member != nil {
		p.member.cancel()
	} else {
		p.session.Close()
	}
	if p.udp != nil {
		p.udp.Close()
	}
	p.tasks.Wait()
	p.parent.mu.Lock()
	defer p.parent.mu.Unlock()
	delete(p.parent.packets, p)
	return nil
}

// abort is Close at once, also while that goes on.
func (p *PacketConn) abort() error {
	if p.member == nil {
		p.session.Abort()
	}
	return p.Close()
}

// SetDeadline sets both deadlines.
func (p *PacketConn) SetDeadline(t time.Time) error {
	if err := p.SetReadDeadline(t); err != nil {
		return err
	}
	return p.SetWriteDeadline(t)
}

// SetReadDeadline sets when reads fail with an error that matches os.ErrDeadlineExceeded, also
// those that wait already.
func (p *PacketConn) SetReadDeadline(t time.Time) error { return p.setDeadline(&p.readDeadline, t) }

// SetWriteDeadline is the same for writes, which wait for lookups and for the router.
func (p *PacketConn) SetWriteDeadline(t time.Time) error { return p.setDeadline(&p.writeDeadline, t) }

func (p *PacketConn) setDeadline(d *deadline, t time.Time) error {
	if p.isClosed() {
		return dialer.OpError("set", p.LocalAddr(), net.ErrClosed)
	}
	d.set(t)
	return nil
}

func (p *PacketConn) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}
