package wire

import (
	"encoding/binary"
	"net/netip"
)

// Address types of RFC 1928, section 5.
const (
	atypIPv4 byte = 1
	atypName byte = 3
	atypIPv6 byte = 4
)

// Addr is a host and a port. The host is IP if that is valid, otherwise Name,
// whose bytes are as the peer sent them. The zero Addr is 0.0.0.0:0.
type Addr struct {
	Name string
	IP   netip.Addr
	Port uint16
}

// ConsumeAddr reads an address of RFC 1928, section 5:
//
//	+------+----------+----------+
//	| ATYP |   ADDR   |   PORT   |
//	+------+----------+----------+
//	|  1   | 4/1+n/16 |    2     |
//	+------+----------+----------+
//
// An empty name is read and returned with ErrEmptyName.
func ConsumeAddr(b []byte) (a Addr, n int, err error) {
	if n, err = addrLen(b); err != nil || len(b) < n {
		return a, n, err
	}
	start := 1
	if b[0] == atypName {
		start = 2
	}
	host := b[start : n-2]
	a.Port = binary.BigEndian.Uint16(b[n-2:])
	if b[0] != atypName {
		a.IP, _ = netip.AddrFromSlice(host)
		return a, n, nil
	}
	if len(host) == 0 {
		return a, n, ErrEmptyName
	}
	a.Name = string(host)
	return a, n, nil
}

// addrLen returns the length of the address at the front of b, or that of the part that must be
// read to know more.
func addrLen(b []byte) (int, error) {
	if len(b) < 1 {
		return 1, nil
	}
	switch b[0] {
	case atypIPv4:
		return 1 + 4 + 2, nil
	case atypIPv6:
		return 1 + 16 + 2, nil
	case atypName:
		if len(b) < 2 {
			return 2, nil
		}
		return 2 + int(b[1]) + 2, nil
	}
	return 1, ErrAddrType
}

// AppendAddr appends a. A name of more than 255 bytes is ErrTooLong and appends nothing.
func AppendAddr(dst []byte, a Addr) ([]byte, error) {
	switch {
	case a.IP.Is6():
		ip := a.IP.As16()
		dst = append(append(dst, atypIPv6), ip[:]...)
	case a.IP.IsValid() || a.Name == "":
		ip := [4]byte{}
		if a.IP.IsValid() {
			ip = a.IP.As4()
		}
		dst = append(append(dst, atypIPv4), ip[:]...)
	case len(a.Name) > 255:
		return dst, ErrTooLong
	default:
		dst = append(append(dst, atypName, byte(len(a.Name))), a.Name...)
	}
	return binary.BigEndian.AppendUint16(dst, a.Port), nil
}
