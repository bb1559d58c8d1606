//go:build linux

package main

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/go-i2p/i2psocks/socks"
)

// gateway is all that a program without a proxy finds beyond its network card: a resolver that knows I2P's names
// only, the hosts behind its answers, and nothing else. What else is asked for is counted.
type gateway struct {
	stack    *stack.Stack
	dialer   *socks.Dialer // to the port, which gives the virtual addresses
	port     io.Closer
	attempts *attempts

	ctx   context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup
}

// How long a flow may wait for its destination, and a flow of datagrams be silent.
const (
	dialTimeout = 4 * time.Minute // longer than the SOCKS port has
	udpSilence  = 2 * time.Minute
	dnsSilence  = time.Second // most questions come from a port of their own
	maxDials    = 256
	maxUDP      = 256
	maxResolver = 1024
)

func newGateway(card stack.LinkEndpoint, d *socks.Dialer, a *attempts) (*gateway, error) {
	g := &gateway{dialer: d, attempts: a}
	g.ctx, g.stop = context.WithCancel(context.Background())
	g.stack = newStack()
	udpSlots, resolverSlots := make(chan struct{}, maxUDP), make(chan struct{}, maxResolver)
	g.stack.SetTransportProtocolHandler(tcp.ProtocolNumber, tcp.NewForwarder(g.stack, 0, maxDials, g.serveTCP).HandlePacket)
	g.stack.SetTransportProtocolHandler(udp.ProtocolNumber, udp.NewForwarder(g.stack, func(r *udp.ForwarderRequest) bool {
		return g.serveUDP(r, udpSlots, resolverSlots)
	}).HandlePacket)
	if err := attach(g.stack, card); err != nil { // now packets come
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *gateway) close() {
	g.stop()
	g.stack.Destroy()
	if g.port != nil {
		g.port.Close()
	}
	g.tasks.Wait()
}

// inside reports whether an address stands for a host of I2P.
func (g *gateway) inside(a netip.AddrPort) bool { return virtual.Contains(a.Addr()) }

func addrPort(a tcpip.Address, port uint16) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(a.AsSlice())
	return netip.AddrPortFrom(ip.Unmap(), port)
}

func (g *gateway) serveTCP(r *tcp.ForwarderRequest) {
	to := addrPort(r.ID().LocalAddress, r.ID().LocalPort)
	if !g.inside(to) {
		g.attempts.add("TCP", to.String())
		r.Complete(true)
		return
	}
	g.attempts.carry()
	ctx, cancel := context.WithTimeout(g.ctx, dialTimeout)
	peer, err := g.dialer.DialContext(ctx, "tcp", to.String())
	cancel()
	if err != nil {
		r.Complete(true)
		return
	}
	var queue waiter.Queue
	end, failed := r.CreateEndpoint(&queue)
	if failed != nil {
		peer.Close()
		r.Complete(true)
		return
	}
	r.Complete(false)
	end.SocketOptions().SetKeepAlive(true)
	g.tasks.Go(func() { g.join(gonet.NewTCPConn(&queue, end), peer) })
}

// join copies both ways until both are over.
func (g *gateway) join(a *gonet.TCPConn, b net.Conn) {
	defer context.AfterFunc(g.ctx, func() { a.Close(); b.Close() })()
	var sides sync.WaitGroup
	sides.Go(func() { pass(a, b) })
	sides.Go(func() { pass(b, a) })
	sides.Wait()
	a.Close()
	b.Close()
}

// pass copies, and passes on the end; if that was no proper one, it ends both directions.
func pass(dst, src net.Conn) {
	_, err := io.Copy(dst, src)
	if half, ok := dst.(interface{ CloseWrite() error }); ok && err == nil {
		half.CloseWrite()
		return
	}
	dst.Close()
	src.Close()
}

// serveUDP returns at once, as no packet is handled meanwhile.
func (g *gateway) serveUDP(r *udp.ForwarderRequest, slots, resolverSlots chan struct{}) bool {
	to := addrPort(r.ID().LocalAddress, r.ID().LocalPort)
	isResolver := to == netip.AddrPortFrom(netip.MustParseAddr(resolverAddr), 53)
	if !isResolver && !g.inside(to) {
		g.attempts.add("UDP", to.String())
		return true
	}
	if isResolver {
		slots = resolverSlots
	}
	select {
	case slots <- struct{}{}:
	default:
		return true
	}
	var queue waiter.Queue
	end, failed := r.CreateEndpoint(&queue)
	if failed != nil {
		<-slots
		return true
	}
	conn := gonet.NewUDPConn(&queue, end)
	g.tasks.Go(func() {
		defer func() { <-slots }()
		defer conn.Close()
		defer context.AfterFunc(g.ctx, func() { conn.Close() })()
		if isResolver {
			g.resolver(conn)
		} else {
			g.attempts.carry()
			g.datagrams(conn, to)
		}
	})
	return true
}

// datagrams carries those of one flow through a UDP association.
func (g *gateway) datagrams(conn net.Conn, to netip.AddrPort) {
	ctx, cancel := context.WithTimeout(g.ctx, dialTimeout)
	peer, err := g.dialer.ListenPacket(ctx, "udp", ":0")
	cancel()
	if err != nil {
		return
	}
	defer peer.Close()
	go func() { // ends with peer
		defer conn.Close()
		buf := make([]byte, 64<<10)
		for {
			n, _, err := peer.ReadFrom(buf)
			if err != nil {
				return
			}
			conn.SetReadDeadline(time.Now().Add(udpSilence))
			conn.Write(buf[:n])
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		conn.SetReadDeadline(time.Now().Add(udpSilence))
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		peer.WriteTo(buf[:n], net.UDPAddrFromAddrPort(to))
	}
}
