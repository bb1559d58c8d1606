package sam

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/deadline"
)

// PacketConn sends and receives datagrams with an identity of its own. [Session.ListenPacket] returns one. Its
// methods may be called by several goroutines at once.
//
// Datagrams may be lost, duplicated or delayed, as on any network. When the router goes away, reads continue after
// the session was created again, with the same identity, and writes wait for it until their deadline or the session's
// DialTimeout.
//
// i2pd loses the first packet to a peer from which nothing was received yet, because it looks the peer up first. That
// packet is therefore sent again after 1.5 s unless something came from the peer; raw packets have no sender, so they
// are always sent again. i2pd delivers about two raw packets a second to a peer that never answers.
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

	readDeadline, writeDeadline deadline.Signal
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

// PacketStats counts packets that a PacketConn did not deliver normally.
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

// LocalAddr returns the [dialer.Addr] of the identity that sends the packets.
func (p *PacketConn) LocalAddr() net.Addr {
	addr := p.session.Addr()
	addr.Port = p.port
	return addr
}

// Status returns the current state of the session of the packets.
func (p *PacketConn) Status() dialer.Status {
	st := p.session.Status()
	if p.member != nil {
		return p.member.status(st)
	}
	return st
}

// Stats returns the current counts.
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

// Format prints the type alone, whatever the verb.
func (p *PacketConn) Format(w fmt.State, _ rune) { io.WriteString(w, "sam.PacketConn") }

// SetDeadline sets both deadlines.
func (p *PacketConn) SetDeadline(t time.Time) error {
	if err := p.SetReadDeadline(t); err != nil {
		return err
	}
	return p.SetWriteDeadline(t)
}

// SetReadDeadline sets the time after which reads, including blocked ones, fail with an error that matches
// os.ErrDeadlineExceeded.
func (p *PacketConn) SetReadDeadline(t time.Time) error { return p.setDeadline(&p.readDeadline, t) }

// SetWriteDeadline is SetReadDeadline for writes, which wait for lookups and for the router.
func (p *PacketConn) SetWriteDeadline(t time.Time) error { return p.setDeadline(&p.writeDeadline, t) }

func (p *PacketConn) setDeadline(d *deadline.Signal, t time.Time) error {
	if p.isClosed() {
		return dialer.OpError("set", p.LocalAddr(), net.ErrClosed)
	}
	d.Set(t)
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
