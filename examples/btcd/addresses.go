package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
)

// addresses takes the place of net.ResolveTCPAddr, net.LookupIP, net.Dial and net.Listen in a program that knows its peers by
// *net.TCPAddr. A peer has the address that GarliCat makes of its destination: the same at each start and whoever of the two
// dialled, so that bans hold; and of a range that nobody routes, so that it leads nowhere if it slips out.
type addresses struct {
	ep *i2psocks.Endpoint

	mu    sync.Mutex
	hosts map[netip.Addr]string // base32 names of those that resolve was asked for
}

var errNoAddress = errors.New("no address can be made of it")

func garliCat(b32 string) (netip.Addr, error) {
	host, err := i2phost.Parse(b32)
	if err != nil {
		return netip.Addr{}, err
	}
	hash, ok := host.Hash()
	if !ok { // an encrypted name tells no hash
		return netip.Addr{}, errNoAddress
	}
	addr, _ := i2phost.GarliCatAddrs(hash)
	return addr, nil
}

// resolve is net.ResolveTCPAddr. The router, or the Book, is asked for names.
func (a *addresses) resolve(ctx context.Context, address string) (*net.TCPAddr, error) {
	to, err := dialer.ParseTarget("tcp", address)
	if err != nil {
		return nil, err
	}
	b32 := to.Host.String()
	if to.Host.Kind() == i2phost.Name {
		if b32, err = a.ep.LookupAddr(ctx, b32); err != nil {
			return nil, err
		}
	}
	addr, err := garliCat(b32)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.hosts[addr]; ok && known != b32 {
		return nil, fmt.Errorf("%w: another host has it", errNoAddress)
	}
	if a.hosts == nil {
		a.hosts = make(map[netip.Addr]string)
	}
	a.hosts[addr] = b32
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, to.Addr.Port)), nil
}

// lookup is net.LookupIP.
func (a *addresses) lookup(ctx context.Context, host string) ([]net.IP, error) {
	addr, err := a.resolve(ctx, net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	return []net.IP{addr.IP}, nil
}

// dial is net.Dial. What resolve did not make is left to the Endpoint, which knows the addresses of its Hosts and Book, and
// refuses all others.
func (a *addresses) dial(ctx context.Context, to net.Addr) (net.Conn, error) {
	address := to.String()
	if remote, ok := to.(*net.TCPAddr); ok {
		a.mu.Lock()
		b32, ok := a.hosts[remote.AddrPort().Addr()]
		a.mu.Unlock()
		if ok {
			address = net.JoinHostPort(b32, strconv.Itoa(remote.Port))
		}
	}
	conn, err := a.ep.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return tcpConn{Conn: conn, remote: to}, nil
}

// listen is net.Listen.
func (a *addresses) listen(ctx context.Context, address string) (net.Listener, error) {
	ln, err := a.ep.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return listener{ln}, nil
}

type listener struct{ net.Listener }

// Accept refuses who has no address, which is nobody. It remembers none: anybody can make any number of destinations.
func (l listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		remote, ok := conn.RemoteAddr().(dialer.Addr)
		if addr, err := garliCat(remote.Host); ok && err == nil {
			return tcpConn{Conn: conn, remote: net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, remote.Port))}, nil
		}
		conn.Close()
	}
}

// tcpConn is a stream whose peer has an IP address.
type tcpConn struct {
	net.Conn
	remote net.Addr
}

func (c tcpConn) RemoteAddr() net.Addr { return c.remote }
