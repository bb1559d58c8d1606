package leaktest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// packet is what one IP packet asks for.
type packet struct {
	protocol byte
	to       netip.AddrPort // port 0 for what has none
	opens    bool           // a TCP connection
	own      bool           // the kernel says it by itself, about its neighbours
}

// Numbers of IANA.
const (
	protoTCP, protoUDP, protoICMPv6 = 6, 17, 58

	flagSYN, flagACK = 0x02, 0x10
)

// parsePacket reads an IP packet as far as it tells where it goes. ok is false for what is no IP.
func parsePacket(b []byte) (p packet, ok bool) {
	if len(b) == 0 {
		return p, false
	}
	switch header := int(b[0]&0x0f) * 4; {
	case b[0]>>4 == 4 && header >= 20 && len(b) >= header:
		p.protocol = b[9]
		addr := netip.AddrFrom4([4]byte(b[16:20]))
		first := binary.BigEndian.Uint16(b[6:])&0x1fff == 0 // only the first fragment has ports
		p.transport(addr, b[header:], first)
	case b[0]>>4 == 6 && len(b) >= 40:
		p.protocol = b[6]
		p.transport(netip.AddrFrom16([16]byte(b[24:40])), b[40:], true)
	default:
		return p, false
	}
	return p, true
}

func (p *packet) transport(addr netip.Addr, b []byte, first bool) {
	var port uint16
	switch {
	case !first:
	case (p.protocol == protoTCP || p.protocol == protoUDP) && len(b) >= 4:
		port = binary.BigEndian.Uint16(b[2:])
		p.opens = p.protocol == protoTCP && len(b) >= 14 && b[13]&(flagSYN|flagACK) == flagSYN
	case p.protocol == protoICMPv6 && len(b) >= 1: // router and neighbour discovery
		p.own = b[0] >= 133 && b[0] <= 136 || b[0] == 143
	case p.protocol == 0 && len(b) >= 9 && b[0] == protoICMPv6: // hop-by-hop options: multicast listener reports
		p.own = b[8] == 143 || b[8] >= 130 && b[8] <= 132
	}
	p.to = netip.AddrPortFrom(addr, port)
}

func (p packet) String() string {
	name := map[byte]string{1: "ICMP", protoTCP: "TCP", protoUDP: "UDP", protoICMPv6: "ICMPv6"}[p.protocol]
	if name == "" {
		name = fmt.Sprint("IP protocol ", p.protocol)
	}
	return fmt.Sprintf("%s to %v", name, p.to)
}
