package socks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

var (
	errNotDirect = errors.New("socks: datagrams need a server that is reached by TCP and without a Forward of one's own")
	errRelay     = errors.New("socks: server names a relay on another host")
)

// ListenPacket asks the server to relay datagrams (UDP ASSOCIATE, SOCKS 5 only). network must be "udp", "udp4" or
// "udp6", which are equivalent, and address empty or ":0", since a client cannot choose it. ctx bounds everything up
// to the server's reply.
//
// WriteTo accepts any address that prints as host:port, with a name or an IP address; ReadFrom returns addresses of
// network "i2p". The connection ends with the underlying TCP connection to the server. Datagrams are sent only to the
// host of the server: it fails with errors.ErrUnsupported for a Forward other than a [net.Dialer], and with a
// GeneralFailure for a server that names another host.
func (d *Dialer) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	c, err := d.listenPacket(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: target{network, address}, Err: err}
	}
	return c, nil
}

func (d *Dialer) listenPacket(ctx context.Context, network, address string) (*packetConn, error) {
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	if address != "" && address != ":0" {
		return nil, &net.AddrError{Err: "a client cannot choose its address", Addr: address}
	}
	if _, direct := d.Forward.(*net.Dialer); d.Forward != nil && !direct || d.Version != 0 && d.Version != SOCKS5 {
		return nil, fmt.Errorf("%w: %w", errors.ErrUnsupported, errNotDirect)
	}
	control, _, bound, err := d.request(ctx, wire.CmdAssociate, wire.Addr{})
	if err != nil {
		return nil, err
	}
	c, err := newPacketConn(control, bound)
	if err != nil {
		control.Close()
		return nil, err
	}
	return c, nil
}

// newPacketConn opens a socket that talks to the relay at bound.
func newPacketConn(control net.Conn, bound wire.Addr) (*packetConn, error) {
	server, ok := control.RemoteAddr().(*net.TCPAddr)
	local, okLocal := control.LocalAddr().(*net.TCPAddr)
	if !ok || !okLocal {
		return nil, fmt.Errorf("%w: %w", errors.ErrUnsupported, errNotDirect)
	}
	host := server.AddrPort().Addr().Unmap()
	if bound.Name != "" || bound.Port == 0 || !bound.IP.IsUnspecified() && bound.IP.Unmap() != host.WithZone("") {
		return nil, &ReplyError{Reply: GeneralFailure, Err: errRelay}
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: local.IP, Zone: local.Zone})
	if err != nil {
		return nil, err
	}
	c := &packetConn{socket: socket, control: control, relay: netip.AddrPortFrom(host, bound.Port), over: make(chan struct{})}
	go func() {
		defer close(c.over)
		io.Copy(io.Discard, control)
		socket.Close()
	}()
	return c, nil
}

// packetConn is the client's side of an association. It does not embed its socket: a program that found
// its methods would send past the relay.
type packetConn struct {
	socket  *net.UDPConn
	control net.Conn
	relay   netip.AddrPort
	over    chan struct{} // closed when control has ended
}

var packetBuffers = sync.Pool{New: func() any { return new([datagramBuffer]byte) }}

// ReadFrom returns the next datagram. What does not come from the relay, or is a fragment, is passed over.
func (c *packetConn) ReadFrom(p []byte) (int, net.Addr, error) {
	buf := packetBuffers.Get().(*[datagramBuffer]byte)
	defer packetBuffers.Put(buf)
	for {
		n, from, err := c.socket.ReadFromUDPAddrPort(buf[:])
		if err != nil {
			return 0, nil, err
		}
		frag, addr, data, err := wire.ConsumeDatagram(buf[:n])
		if err != nil || frag != 0 || !c.isRelay(from) {
			continue
		}
		peer, _, _ := wire.ConsumeAddr(addr) // has just been read
		return copy(p, data), addrTarget("i2p", peer), nil
	}
}

func (c *packetConn) isRelay(from netip.AddrPort) bool {
	return from.Port() == c.relay.Port() && from.Addr().Unmap() == c.relay.Addr()
}

// WriteTo sends a datagram to an address that prints as host:port.
func (c *packetConn) WriteTo(p []byte, to net.Addr) (int, error) {
	err := c.writeTo(p, to)
	if err != nil {
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: to, Err: err}
	}
	return len(p), nil
}

func (c *packetConn) writeTo(p []byte, to net.Addr) error {
	if to == nil {
		return &net.AddrError{Err: "missing address"}
	}
	peer, err := splitAddr(to.String())
	if err != nil {
		return err
	}
	buf := packetBuffers.Get().(*[datagramBuffer]byte)
	defer packetBuffers.Put(buf)
	b, err := wire.AppendDatagramHeader(buf[:0], peer)
	if err != nil {
		return err
	}
	_, err = c.socket.WriteToUDPAddrPort(append(b, p...), c.relay)
	return err
}

// Close ends the association.
func (c *packetConn) Close() error {
	err := c.socket.Close()
	c.control.Close()
	<-c.over
	return err
}

// LocalAddr returns the address of the socket that talks to the relay.
func (c *packetConn) LocalAddr() net.Addr { return c.socket.LocalAddr() }

func (c *packetConn) SetDeadline(t time.Time) error      { return c.socket.SetDeadline(t) }
func (c *packetConn) SetReadDeadline(t time.Time) error  { return c.socket.SetReadDeadline(t) }
func (c *packetConn) SetWriteDeadline(t time.Time) error { return c.socket.SetWriteDeadline(t) }
