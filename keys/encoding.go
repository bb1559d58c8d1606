package keys

import (
	"encoding/base32"
	"encoding/base64"
)

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~"

var (
	i2pBase64 = base64.NewEncoding(base64Alphabet).Strict()
	i2pBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// decodeBase64 decodes the one canonical text of some bytes and refuses every
// other. Go's decoder skips CR and LF even when strict, which would let a
// "valid" key carry a second SAM command, so each byte is looked at first.
func decodeBase64(s string) ([]byte, bool) {
	for i := range len(s) {
		if !isBase64(s[i]) {
			return nil, false
		}
	}
	b, err := i2pBase64.DecodeString(s)
	if err != nil || i2pBase64.EncodeToString(b) != s {
		return nil, false
	}
	return b, true
}

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
		c == '-' || c == '~' || c == '='
}
