package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
)

var errAddress = errors.New("not an address of I2P")

// multiaddr returns the form that libp2p has for an address: /garlic32/ and the base32 name without ".b32.i2p".
func multiaddr(addr net.Addr) (ma.Multiaddr, error) {
	a, ok := addr.(dialer.Addr)
	if !ok {
		return nil, errAddress
	}
	b32, ok := a.Base32()
	if !ok {
		return nil, errAddress
	}
	c, err := ma.NewComponent("garlic32", strings.TrimSuffix(b32, ".b32.i2p"))
	if err != nil {
		return nil, err
	}
	return c.Multiaddr(), nil
}

// hostOf is the way back, for addresses that are /garlic32/… or /garlic64/… and nothing more.
func hostOf(addr ma.Multiaddr) (string, error) {
	if len(addr) != 1 {
		return "", errAddress
	}
	host := addr[0].Value()
	switch addr[0].Protocol().Code {
	case ma.P_GARLIC32:
		host += ".b32.i2p"
	case ma.P_GARLIC64:
	default:
		return "", errAddress
	}
	parsed, err := i2phost.Parse(host)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errAddress, err)
	}
	return parsed.String(), nil
}

// garlic is a transport through I2P. libp2p encrypts and multiplexes on top of it, and so knows its peers by their keys, too.
type garlic struct {
	ep       *i2psocks.Endpoint
	upgrader transport.Upgrader
	limits   network.ResourceManager
}

// port is the virtual one of libp2p's streams: addresses of its form have none.
const port = "4001"

func (t *garlic) Dial(ctx context.Context, to ma.Multiaddr, p peer.ID) (transport.CapableConn, error) {
	host, err := hostOf(to)
	if err != nil {
		return nil, err
	}
	scope, err := t.limits.OpenConnection(network.DirOutbound, true, to)
	if err != nil {
		return nil, err
	}
	if err := scope.SetPeer(p); err != nil {
		scope.Done()
		return nil, err
	}
	stream, err := t.ep.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		scope.Done()
		return nil, err
	}
	local, err := multiaddr(stream.LocalAddr())
	if err != nil {
		stream.Close()
		scope.Done()
		return nil, err
	}
	c, err := t.upgrader.Upgrade(ctx, t, conn{stream, local, to}, network.DirOutbound, p, scope) // which ends the scope if it fails
	if err != nil {
		stream.Close()
	}
	return c, err
}

func (t *garlic) CanDial(to ma.Multiaddr) bool {
	_, err := hostOf(to)
	return err == nil
}

// Listen takes the address of the Endpoint and no other.
func (t *garlic) Listen(at ma.Multiaddr) (transport.Listener, error) {
	own, err := multiaddr(t.ep.Addr())
	if err != nil {
		return nil, err
	}
	if !at.Equal(own) {
		return nil, fmt.Errorf("%w that is this host's", errAddress)
	}
	ln, err := t.ep.Listen(context.Background(), "tcp", ":"+port)
	if err != nil {
		return nil, err
	}
	return t.upgrader.UpgradeGatedMaListener(t, t.upgrader.GateMaListener(listener{ln, own})), nil
}

func (*garlic) Protocols() []int { return []int{ma.P_GARLIC32, ma.P_GARLIC64} }

func (*garlic) Proxy() bool { return false }

func (*garlic) String() string { return "I2P" }

// conn is a stream that tells its ends in the form of libp2p.
type conn struct {
	net.Conn
	local, remote ma.Multiaddr
}

func (c conn) LocalMultiaddr() ma.Multiaddr  { return c.local }
func (c conn) RemoteMultiaddr() ma.Multiaddr { return c.remote }

type listener struct {
	net.Listener
	own ma.Multiaddr
}

func (l listener) Multiaddr() ma.Multiaddr { return l.own }

func (l listener) Accept() (manet.Conn, error) {
	stream, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	remote, err := multiaddr(stream.RemoteAddr())
	if err != nil {
		stream.Close()
		return nil, err
	}
	return conn{stream, l.own, remote}, nil
}
