package wire

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

// Reply codes of SOCKS 4. The identd ones, 5C and 5D, are never sent.
const (
	Granted4  byte = 0x5A
	Rejected4 byte = 0x5B
)

// ConsumeRequest4 reads a request of SOCKS 4 or 4a:
//
//	+----+-----+---------+-------+--------+------+  4a: +------+------+
//	| VN | CMD | DSTPORT | DSTIP | USERID | NULL |      | HOST | NULL |
//	+----+-----+---------+-------+--------+------+      +------+------+
//	| 1  |  1  |    2    |   4   |   n    |  1   |      |  n   |  1   |
//	+----+-----+---------+-------+--------+------+      +------+------+
//
// HOST follows if DSTIP is 0.0.0.x with x not zero. The command may be any byte.
// The length of a request is not bounded here. An empty HOST is read and returned with ErrEmptyName.
func ConsumeRequest4(b []byte) (cmd byte, user string, a Addr, n int, err error) {
	if len(b) >= 1 && b[0] != Version4 {
		return 0, "", a, 1, ErrVersion
	}
	if len(b) < 9 {
		return 0, "", a, 9, nil
	}
	ulen := bytes.IndexByte(b[8:], 0)
	if ulen < 0 {
		return 0, "", a, len(b) + 1, nil
	}
	n = 8 + ulen + 1
	a.Port = binary.BigEndian.Uint16(b[2:])
	if !isName4(b[4:8]) {
		a.IP = netip.AddrFrom4([4]byte(b[4:8]))
		return b[1], string(b[8 : 8+ulen]), a, n, nil
	}
	hlen := bytes.IndexByte(b[n:], 0)
	if hlen < 0 {
		return 0, "", Addr{}, len(b) + 1, nil
	}
	if hlen == 0 {
		return b[1], string(b[8 : 8+ulen]), a, n + 1, ErrEmptyName
	}
	a.Name = string(b[n : n+hlen])
	return b[1], string(b[8 : 8+ulen]), a, n + hlen + 1, nil
}

// AppendRequest4 appends a request: of SOCKS 4 if a holds an IPv4 address, else
// of 4a. It fails, appending nothing, with ErrAddrType for IPv6 and ErrMalformed for an
// address or a string that the format cannot hold.
func AppendRequest4(dst []byte, cmd byte, user string, a Addr) ([]byte, error) {
	ip := [4]byte{0, 0, 0, 1}
	switch {
	case a.IP.Is6():
		return dst, ErrAddrType
	case a.IP.IsValid():
		ip = a.IP.As4()
		if isName4(ip[:]) {
			return dst, ErrMalformed
		}
	case a.Name == "":
		return dst, ErrEmptyName
	}
	if strings.Contains(user, "\x00") || strings.Contains(a.Name, "\x00") {
		return dst, ErrMalformed
	}
	dst = binary.BigEndian.AppendUint16(append(dst, Version4, cmd), a.Port)
	dst = append(append(append(dst, ip[:]...), user...), 0)
	if !a.IP.IsValid() {
		dst = append(append(dst, a.Name...), 0)
	}
	return dst, nil
}

// ConsumeReply4 reads a reply, whose VN is 0.
//
//	+----+----+---------+-------+
//	| VN | CD | DSTPORT | DSTIP |
//	+----+----+---------+-------+
//
// The address means something in the replies to BIND and to Tor's RESOLVE only.
func ConsumeReply4(b []byte) (code byte, bound Addr, n int, err error) {
	if len(b) >= 1 && b[0] != 0 {
		return 0, bound, 1, ErrVersion
	}
	if len(b) < 8 {
		return 0, bound, 8, nil
	}
	bound = Addr{IP: netip.AddrFrom4([4]byte(b[4:8])), Port: binary.BigEndian.Uint16(b[2:])}
	return b[1], bound, 8, nil
}

// AppendReply4 appends a reply. Where bound is no IPv4 address, its place takes 0.0.0.0, which
// stands for that of the server.
func AppendReply4(dst []byte, code byte, bound Addr) []byte {
	var ip [4]byte
	if bound.IP.Is4() {
		ip = bound.IP.As4()
	}
	return append(binary.BigEndian.AppendUint16(append(dst, 0, code), bound.Port), ip[:]...)
}

func isName4(ip []byte) bool { return ip[0] == 0 && ip[1] == 0 && ip[2] == 0 && ip[3] != 0 }
