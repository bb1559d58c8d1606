package i2cp

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/internal/deadline"
)

// PacketConn sends and receives datagrams with the session's identity, on one port. [Session.ListenPacket] returns
// one. Its methods may be called by several goroutines at once.
//
// Datagrams may be lost, duplicated or delayed, as on any network. When the router goes away, reads continue after
// the session was created again, and writes wait for it until their deadline or the session's DialTimeout.
//
// A program that sends datagrams must receive from the peer too, by datagrams or on a stream: i2pd up to 2.58 loses
// messages to a peer that has not answered the first message, or was silent for 90 s, for two minutes; i2pd 2.59
// delivers up to five a second meanwhile. The first datagram to such a peer is therefore sent alone, and up to 64
// more wait for its answer. Without an answer they are sent after 10 s with i2pd up to 2.58, which
// will lose them, or at four a second from 2.59 on. i2pd 2.56 stops delivering after 65,535 messages in one direction
// without one in the other, and every i2pd disconnects a pair of destinations for a minute when some 800 messages in
// a row were lost. Routers report none of this. Java I2P does not behave like this.
//
// An answer is what proves as much as datagrams of that kind can: for DATAGRAM and DATAGRAM2 a datagram signed by the
// peer, for DATAGRAM3 one that names the peer, for RAW any. On streams it is a packet of the peer's stream, or a
// DATAGRAM2 that is signed for this identity. Less is not accepted, as otherwise anybody could make waiting datagrams be
// sent and lost. All that waits takes at most 1 MiB, with half a KiB for each datagram; beyond that, the peer with the
// most waiting datagrams loses the latest.
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

// PacketStats counts datagrams that a PacketConn did not deliver normally.
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

// ListenPacket opens a port for datagrams of the identity, and waits until the session is up. network is the kind of
// datagram, which both peers must share. The value is a [*PacketConn].
//
//   - "udp", "udp4", "udp6" and "i2p-datagram" mean DATAGRAM: the sender is known and verified. DATAGRAM2 is
//     received too, unless a PacketConn for it has the port: i2pd from 2.58 on replies so.
//   - "i2p-raw" means RAW: there is no sender, and ReadFrom returns an address without a host.
//   - "i2p-datagram2" means DATAGRAM2: DATAGRAM that is signed for one receiver, who cannot pass it on to others as sent
//     to them. That the same one gets it twice is not prevented.
//   - "i2p-datagram3" means DATAGRAM3: the sender is a base32 name to reply to. It is not verified: anybody can
//     claim to be anybody.
//
// All routers carry all kinds. address is ":port"; the host may also be the identity's own base32 name. A PacketConn
// on port 0 receives what comes to ports without a PacketConn. i2pd's programs send to port 0 only; if no PacketConn
// has port 0, the only PacketConn of that kind receives these. A second one on a port fails with
// [syscall.EADDRINUSE]; if port 0 is taken, 0 means any free port.
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

// Stats returns the current counts.
func (p *PacketConn) Stats() PacketStats {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	return p.stats
}

// ReadFrom waits for a datagram. The address is the [dialer.Addr] of its sender. What does not fit b is discarded.
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

// Format prints the type alone, whatever the verb.
func (p *PacketConn) Format(w fmt.State, _ rune) { io.WriteString(w, "i2cp.PacketConn") }

// SetDeadline sets both deadlines.
func (p *PacketConn) SetDeadline(t time.Time) error {
	if err := p.SetReadDeadline(t); err != nil {
		return err
	}
	return p.SetWriteDeadline(t)
}

// SetReadDeadline sets the time after which reads, including blocked ones, fail with an error that matches
// os.ErrDeadlineExceeded.
func (p *PacketConn) SetReadDeadline(t time.Time) error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if p.closed {
		return dialer.OpError("set", p.addr, net.ErrClosed)
	}
	p.readDeadline.Set(t, &p.readable)
	return nil
}

// SetWriteDeadline is SetReadDeadline for writes, which wait for lookups, for the DatagramRate and for the router.
func (p *PacketConn) SetWriteDeadline(t time.Time) error {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if p.closed {
		return dialer.OpError("set", p.addr, net.ErrClosed)
	}
	p.writes.set(t)
	return nil
}
