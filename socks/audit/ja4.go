package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// ja4 returns the JA4 fingerprint of a ClientHello that came over TCP.
func (h *clientHello) ja4() string {
	name := 'i'
	if slices.Contains(h.extensions, extServerName) {
		name = 'd'
	}
	hashed := slices.DeleteFunc(slices.Clone(h.extensions), func(e uint16) bool { return e == extServerName || e == extALPN })
	last := joinHex(sorted(hashed))
	if len(h.signatures) > 0 {
		last += "_" + joinHex(h.signatures)
	}
	return fmt.Sprintf("t%s%c%02d%02d%s_%s_%s", tlsVersion(h.version), name,
		min(len(h.ciphers), 99), min(len(h.extensions), 99), alpnMark(h.protocol), h.ciphersHash(), shortHash(last))
}

// ciphersHash is the part of JA4 that stays the same whatever a client talks to.
func (h *clientHello) ciphersHash() string { return shortHash(joinHex(sorted(h.ciphers))) }

func sorted(v []uint16) []uint16 { return slices.Sorted(slices.Values(v)) }

func joinHex(v []uint16) string {
	words := make([]string, len(v))
	for i, x := range v {
		words[i] = fmt.Sprintf("%04x", x)
	}
	return strings.Join(words, ",")
}

func shortHash(s string) string {
	if s == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

func tlsVersion(v uint16) string {
	switch v {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	}
	return "00"
}

// alpnMark is the first and the last character of the first protocol, or digit if they are no letters or digits.
func alpnMark(protocol string) string {
	if protocol == "" {
		return "00"
	}
	first, last := protocol[0], protocol[len(protocol)-1]
	if isAlphanumeric(first) && isAlphanumeric(last) {
		return string([]byte{first, last})
	}
	digits := hex.EncodeToString([]byte(protocol))
	return digits[:1] + digits[len(digits)-1:]
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isGREASE reports whether a value is one of RFC 8701, which clients make up.
func isGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }
