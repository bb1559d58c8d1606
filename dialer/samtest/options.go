package samtest

import (
	"slices"
	"strconv"
	"strings"
)

// signs reports whether the router can make keys of a type, given by number or
// name; none given stands for DSA. To i2pd unknown names stand for DSA too.
func (f *flavour) signs(kind string) bool {
	n, err := strconv.Atoi(kind)
	switch {
	case kind == "":
		return true
	case f.i2pd && err != nil:
		return true
	case f.i2pd:
		return 0 <= n && n <= 3 || n == 7 || n == 11
	case err != nil:
		return slices.Contains([]string{"dsa_sha1", "eddsa_sha512_ed25519", "reddsa_sha512_ed25519"}, strings.ToLower(kind))
	}
	return 0 <= n && n <= 8 || n == 11
}

// encrypts reports whether the router bears a list of lease-set encryption
// types. i2pd passes over words that are no number.
func (f *flavour) encrypts(list string) bool {
	if list == "" {
		return true
	}
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(word)
		switch {
		case err != nil && !f.i2pd, err == nil && (n < 0 || n > 7):
			return false
		case err == nil && n != 0 && n != 4 && (f.java || f.crashEnc || n < 4):
			return false
		}
	}
	return true
}

// fatalOption returns the option that crashes the router, "" if there is none.
func (f *flavour) fatalOption(req request) string {
	if !f.i2pd {
		return ""
	}
	if kind := req.value("SIGNATURE_TYPE"); req.value("DESTINATION") == "TRANSIENT" && !f.signs(kind) {
		return "SIGNATURE_TYPE=" + kind
	}
	if list := req.value("i2cp.leaseSetEncType"); !f.encrypts(list) {
		return "i2cp.leaseSetEncType=" + list
	}
	for _, key := range []string{"inbound.length", "outbound.length"} {
		if n, err := strconv.Atoi(req.value(key)); err == nil && n > 8 {
			return key + "=" + strconv.Itoa(n)
		}
	}
	return ""
}
