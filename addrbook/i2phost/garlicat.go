package i2phost

import (
	"net/netip"
	"strings"
)

// GarliCat, which is OnionCat for I2P, gives each destination an IPv6 address:
// the prefix fd60:db4d:ddb5::/48, and 16 of the 52 characters of its base32 name
// as 80 bits. GarliCat's own guide takes the first 16, OnionCat from 0.4.7 on
// takes the last.
const (
	garliCatSuffix = ".oc" + b32Suffix
	garliCatChars  = 16
	garliCatPrefix = "\xfd\x60\xdb\x4d\xdd\xb5"
)

// GarliCat returns the name of an address, such as
// "baz5fnifptdznvta.oc.b32.i2p" for fd60:db4d:ddb5:833:d2b5:57c:c796:d660, and
// false for an address that is not GarliCat's. No router knows such a name, and
// [Parse] refuses it; an address book may find who it is.
func GarliCat(addr netip.Addr) (name string, ok bool) {
	b := addr.As16()
	if !addr.Is6() || addr.Is4In6() || addr.Zone() != "" || string(b[:6]) != garliCatPrefix {
		return "", false
	}
	return encoding.EncodeToString(b[6:]) + garliCatSuffix, true
}

// ParseGarliCat returns the address of a name that [GarliCat] makes, in any
// letter case.
func ParseGarliCat(name string) (addr netip.Addr, ok bool) {
	label, ok := strings.CutSuffix(lower(name), garliCatSuffix)
	if !ok || len(label) != garliCatChars || !isBase32(label) {
		return netip.Addr{}, false
	}
	return garliCatAddr(decode(label)), true
}

// GarliCatAddrs returns the two addresses of a destination by its SHA-256: of the
// first 16 characters of its base32 name, and of the last 16.
func GarliCatAddrs(hash [32]byte) (first, last netip.Addr) {
	label := encoding.EncodeToString(hash[:])
	return garliCatAddr(hash[:10]), garliCatAddr(decode(label[len(label)-garliCatChars:]))
}

func garliCatAddr(bits []byte) netip.Addr {
	return netip.AddrFrom16([16]byte(append([]byte(garliCatPrefix), bits...)))
}
