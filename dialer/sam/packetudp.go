package sam

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// style is what a session is for.
type style struct {
	name        string                                  // STYLE; empty means STREAM
	primary     bool                                    // PRIMARY where the router has it
	options     func(bridge, profile) []wire.Param      // those of SESSION CREATE that depend on the router; may be nil
	received    func(line wire.Message, payload []byte) // takes what comes on the control connection; nil for streams
	overControl bool                                    // datagrams come there, and go there
}

// udpRoute is where the router takes datagrams, and from where it forwards them.
type udpRoute struct {
	router netip.AddrPort
	header bool // raw packets come with a line before them
}

const (
	javaUDPPort = 7655
	// controlPort is a PORT without a HOST: i2pd 2.56 does not answer without one, and forwards nothing.
	controlPort = "7655"
)

// listenUDP opens the socket, if datagrams can go over UDP: the bridges must be on loopback, by
// TCP of one kind.
func (p *PacketConn) listenUDP(bridges []bridge) error {
	s := p.session
	var ip netip.Addr
	possible := s.DialBridge == nil
	for _, b := range bridges {
		host, err := netip.ParseAddrPort(b.address)
		possible = possible && b.network == "tcp" && err == nil && host.Addr().IsLoopback() && (!ip.IsValid() || ip.Is4() == host.Addr().Is4())
		ip = host.Addr()
	}
	if s.UDPAddress != "" {
		router, err := netip.ParseAddrPort(s.UDPAddress)
		if err != nil || !possible || !router.Addr().IsLoopback() || router.Addr().Is4() != ip.Is4() {
			return fmt.Errorf("UDPAddress %q: it and all bridges must be IP literals on loopback, by TCP and without DialBridge", s.UDPAddress)
		}
	}
	if !possible {
		return nil
	}
	network, home := "udp4", net.IPv4(127, 0, 0, 1)
	if ip.Is6() {
		network, home = "udp6", net.IPv6loopback
	}
	var err error
	if p.udp, err = net.ListenUDP(network, &net.UDPAddr{IP: home}); err != nil {
		return err
	}
	p.udp.SetReadBuffer(backlogBytes)
	p.tasks.Go(p.readUDP)
	return nil
}

// options returns what SESSION CREATE needs to say of datagrams. A new session knows no peers.
func (p *PacketConn) options(b bridge, r profile) []wire.Param {
	p.peers.reset()
	if p.udp == nil {
		if !r.frail {
			return nil // Java I2P would take a PORT for a request to forward
		}
		return []wire.Param{{Key: "PORT", Value: controlPort}}
	}
	header := p.style == raw && r.rawHeader
	p.route.Store(&udpRoute{p.udpAddress(b, r), header})
	home := p.udp.LocalAddr().(*net.UDPAddr)
	params := []wire.Param{{Key: "HOST", Value: home.IP.String()}, {Key: "PORT", Value: strconv.Itoa(home.Port)}}
	if header {
		params = append(params, wire.Param{Key: "HEADER", Value: "true"})
	}
	return params
}

// udpAddress returns where the router of a bridge takes datagrams.
func (p *PacketConn) udpAddress(b bridge, r profile) netip.AddrPort {
	s := p.session
	if s.UDPAddress != "" && b.address == s.bridges[0].address {
		return netip.MustParseAddrPort(s.UDPAddress)
	}
	tcp := netip.MustParseAddrPort(b.address) // as listenUDP has found
	if r.udpPort != 0 {
		return netip.AddrPortFrom(tcp.Addr(), r.udpPort)
	}
	return netip.AddrPortFrom(tcp.Addr(), tcp.Port()-1)
}
