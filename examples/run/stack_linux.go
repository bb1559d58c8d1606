package main

import (
	"errors"
	"fmt"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// endpoint is the stack's end of the link.
func (l link) endpoint() (stack.LinkEndpoint, error) {
	return fdbased.New(&fdbased.Options{
		FDs: []int{l.fd}, MTU: mtu, EthernetHeader: l.hardware != nil,
		Address: tcpip.LinkAddress(l.hardware), RXChecksumOffload: l.hardware != nil,
	})
}

func newStack() *stack.Stack {
	return stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol},
	})
}

// attach makes the stack take packets to all addresses for its own.
func attach(s *stack.Stack, card stack.LinkEndpoint) error {
	const nic = 1
	sack := tcpip.TCPSACKEnabled(true)
	for _, err := range []tcpip.Error{
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack),
		s.CreateNIC(nic, card),
		s.SetPromiscuousMode(nic, true),
		s.SetSpoofing(nic, true),
		address(s, nic, gatewayAddr), address(s, nic, resolverAddr), address(s, nic, gatewayAddr6),
	} {
		if err != nil {
			return fmt.Errorf("network stack: %w", errors.New(err.String()))
		}
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	return nil
}

// address is one that neighbours are told the hardware address of.
func address(s *stack.Stack, nic tcpip.NICID, text string) tcpip.Error {
	ip := netip.MustParseAddr(text)
	protocol := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if ip.Is6() {
		protocol = ipv6.ProtocolNumber
	}
	return s.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol:          protocol,
		AddressWithPrefix: tcpip.AddrFromSlice(ip.AsSlice()).WithPrefix(),
	}, stack.AddressProperties{})
}
