package i2phost

import "strings"

// The bounds of a name with its suffix: I2P naming specification, and what Java
// I2P takes from a feed (AddressBook.isValidKey).
const (
	minName  = len("a" + suffix)
	maxName  = 63 + len(suffix)
	maxLabel = 63
)

// checkLabels is what holds for any name of DNS; it returns what is wrong. The
// underscore is used there, though not in host names.
func checkLabels(s string) string {
	if len(s) > maxDNS {
		return "too long"
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" {
			return "an empty label"
		}
		if len(label) > maxLabel {
			return "a label of more than 63 characters"
		}
		for i := range len(label) {
			if c := label[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
				return "a character that has no place in a name"
			}
		}
	}
	return ""
}

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// checkName is what holds for names under .i2p besides; s is in lower case.
func checkName(s string) string {
	host := strings.TrimSuffix(s, suffix)
	switch {
	case len(s) < minName || len(s) > maxName:
		return "length of the name"
	case strings.Contains(s, "_"):
		return "an underscore"
	case s[0] == '-' || strings.Contains(s, ".-") || strings.Contains(s, "-."):
		return "a label that begins or ends with a hyphen"
	case strings.Contains(s, "--") && !strings.HasPrefix(s, "xn--") && !strings.Contains(s, ".xn--"):
		return "two hyphens in a row"
	case host == "b32":
		return "only a suffix"
	case isReserved(host):
		return "a reserved name"
	case len(host) == hashChars && isBase32(host) && noSpareBits(host):
		return "a name that looks like a hash"
	}
	return ""
}

// isReserved knows the names that routers and their proxies answer themselves.
func isReserved(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch last {
	case "proxy", "router", "console", "mail":
		return true
	}
	return false
}
