package i2cp

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/internal/deadline"
)

// PacketConn sends and receives datagrams as the session's identity, on one port. [Session.ListenPacket] returns one. Its
// methods may be called by several goroutines at once.
//
// Datagrams get lost, double or late, as on any network. A router that goes away is waited for: reads go on when the
// session is made anew, and a write waits for it until its deadline or the session's DialTimeout.
//
// Who sends datagrams must hear from the peer, by datagrams or on a stream: i2pd up to 2.58 loses what it is given for a peer
// that has not answered the first message, or was silent for 90 s, until two minutes have passed; i2pd 2.59 brings up
// to five a second meanwhile. So the first one to such a peer goes alone, and up to 64 more wait for its answer. Without
// that, they are sent after 10 s, up to i2pd 2.58, which will lose them, or four a second, from 2.59 on. i2pd 2.56 brings no more
// once 65,535 messages have gone one way without one back, and any i2pd cuts a pair of destinations off for a minute when some
// 800 in a row are lost. No router says so. Java I2P does nothing of the kind.
//
// An answer is what proves as much as answers to the kind can: a datagram that the peer has signed for DATAGRAM and
// DATAGRAM2, one that says it is the peer's for DATAGRAM3, and any for RAW. Streams wait for a packet of one, or for a
// DATAGRAM2 that is signed for this identity. Less is not enough, or anybody could have lost what waits. All that waits takes
// 1 MiB at most, with half a KiB for each datagram: where that does not suffice, the peer for which most waits loses what came last.
type PacketConn struct {
	s    *Session
	m    *machine
	kind datagram.Kind
	addr dialer.Addr

	// All that follows is guarded by m.mu.
	queue        []packet
	held         int // bytes in it
	readable     sync.Cond
	readDeadline deadline.Deadline
	writes       writeDeadline
	closed       bool
	stats        PacketStats
}

var _ net.PacketConn = (*PacketConn)(nil)

// PacketStats counts what a PacketConn did not deliver as it came.
type PacketStats struct {
	Malformed uint64 // datagrams that made no sense, or that nobody proves to have sent
	Overflow  uint64 // that came faster than they were read
	Unbound   uint64 // of "i2p-datagram2" that could have been sent to somebody else first, as those of i2pd 2.59 are; delivered
	Resent    uint64 // first ones to a peer that the router did not find at once
	// Unanswered are those that were not sent, as too many waited for their peer, or for 1024 others: it had not answered the first one.
	Unanswered uint64
}

// packet is a datagram that came and is not verified yet.
type packet struct {
	kind datagram.Kind
	from uint16
	data []byte
}

// What may wait to be read: so many datagrams, and so many bytes.
const (
	backlogPackets = 512
	backlogBytes   = 1 << 20
)

// ListenPacket opens a port for datagrams of the identity, and waits until the session is up. network is how they are
// wrapped, which both peers must share. The value is a [*PacketConn].
//
//   - "udp", "udp4", "udp6" and "i2p-datagram" mean DATAGRAM: the sender is known and verified. What comes as DATAGRAM2 is
//     received too, unless a PacketConn for that has the port: i2pd from 2.58 on answers so.
//   - "i2p-raw" means RAW: there is no sender, and ReadFrom returns an address without a host.
//   - "i2p-datagram2" means DATAGRAM2, which is DATAGRAM without its weakness that anybody can send a packet a second
//     time, or on to somebody else.
//   - "i2p-datagram3" means DATAGRAM3: the sender is a base32 name to answer to, and not verified. Anybody can
//     claim to be anybody.
//
// All routers bring all of them. address is ":port"; the host may also be the identity's own base32 name. A PacketConn on
// port 0 gets what comes to ports that none has. i2pd's programs send to port 0 alone, which
// is for the only PacketConn of its kind where none has that. A second one on a port fails with [syscall.EADDRINUSE]; where
// port 0 is taken, it means any that is free.
func (s *Session) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	p, err := s.listenPacket(ctx, network, address)
	if err != nil {
		return nil, dialer.OpError("listen", nil, err)
	}
	return p, nil
}

// kinds are the kinds of datagrams of networks.
var kinds = map[string]datagram.Kind{
	"udp": datagram.Datagram1, "udp4": datagram.Datagram1, "udp6": datagram.Datagram1, "i2p-datagram": datagram.Datagram1,
	"i2p-raw": datagram.Raw, "i2p-datagram2": datagram.Datagram2, "i2p-datagram3": datagram.Datagram3,
}

func (s *Session) listenPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	kind, ok := kinds[network]
	if !ok {
		return nil, net.UnknownNetworkError(network)
	}
	host, port, err := dialer.SplitHostPort("i2p", address)
	if err != nil {
		return nil, err
	}
	addr := s.Addr()
	if host != "" && host != addr.Host {
		return nil, fmt.Errorf("%w: can listen on the identity's own address only", syscall.EADDRNOTAVAIL)
	}
	if _, err := s.await(ctx); err != nil {
		return nil, err
	}
	addr.Port = port
	p := &PacketConn{s: s, m: s.machine, kind: kind, addr: addr}
	p.readable.L = &p.m.mu
	return p, p.m.bind(p)
}

// LocalAddr returns the [dialer.Addr] that datagrams are sent from.
func (p *PacketConn) LocalAddr() net.Addr { return p.addr }

// Stats returns what was counted so far.
func (p *PacketConn) Stats() PacketStats {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	return p.stats
}

// ReadFrom returns the next datagram and the [dialer.Addr] of its sender. What does not fit b is lost.
func (p *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		in, err := p.next()
		if err != nil {
			return 0, nil, dialer.OpError("read", p.addr, err)
		}
		d, err := datagram.Parse(in.kind, p.m.hash, in.data, time.Now()) // outside of the lock: it verifies
		p.m.mu.Lock()
		switch {
		case err != nil:
			p.stats.Malformed++
		case d.Unbound:
			p.stats.Unbound++
		}
		if err == nil && d.FromHash != [32]byte{} {
			p.m.engine.Asked(time.Now(), d.From, d.FromHash, proof(in.kind, d))
			p.m.settle()
		}
		p.m.mu.Unlock()
		if err == nil {
			return copy(b, d.Data), sender(d, in.from), nil
		}
	}
}

// sender returns the address of who has sent a datagram.
func sender(d datagram.Datagram, port uint16) dialer.Addr {
	switch {
	case !d.From.IsZero():
		return dialer.AddrOf(d.From, port)
	case d.FromHash != [32]byte{}:
		return dialer.Addr{Host: base32Host(d.FromHash), Port: port}
	}
	return dialer.Addr{Port: port}
}

// next takes a datagram out of the queue, and waits for one.
func (p *PacketConn) next() (packet, error) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	for {
		switch {
		case p.closed:
			return packet{}, net.ErrClosed
		case p.readDeadline.Expired():
			return packet{}, os.ErrDeadlineExceeded
		case len(p.queue) > 0:
			in := p.queue[0]
			p.queue[0] = packet{}
			if p.queue = p.queue[1:]; len(p.queue) == 0 {
				p.queue = nil
			}
			p.held -= len(in.data)
			return in, nil
		}
		p.readable.Wait()
	}
}

// Close frees the port. Blocked reads and writes fail with [net.ErrClosed].
func (p *PacketConn) Close() error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if p.closed {
		return dialer.OpError("close", p.addr, net.ErrClosed)
	}
	p.closed = true
	p.queue = nil
	p.m.unbind(p)
	p.readDeadline.Stop()
	p.writes.close()
	p.readable.Broadcast()
	return nil
}

// SetDeadline sets both deadlines.
func (p *PacketConn) SetDeadline(t time.Time) error {
	if err := p.SetReadDeadline(t); err != nil {
		return err
	}
	return p.SetWriteDeadline(t)
}

// SetReadDeadline sets when reads fail with an error that matches os.ErrDeadlineExceeded, also those that wait already.
func (p *PacketConn) SetReadDeadline(t time.Time) error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if p.closed {
		return dialer.OpError("set", p.addr, net.ErrClosed)
	}
	p.readDeadline.Set(t, &p.readable)
	return nil
}

// SetWriteDeadline is the same for writes, which wait for lookups, their turn, and the router.
func (p *PacketConn) SetWriteDeadline(t time.Time) error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if p.closed {
		return dialer.OpError("set", p.addr, net.ErrClosed)
	}
	p.writes.set(t)
	return nil
}
