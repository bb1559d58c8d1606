package i2phost

import "encoding/base64"

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~"

var strict64 = base64.NewEncoding(base64Alphabet).Strict()

// parseBase64 takes the one canonical text of some bytes. Go's decoder skips CR
// and LF even when strict, so each byte is looked at first.
func parseBase64(s string) (Host, error) {
	if len(s) > maxBase64 {
		return malformed("too long")
	}
	for i := range len(s) {
		c := s[i]
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '~' || c == '=') {
			return malformed("too long for a name, and not base64")
		}
	}
	if _, err := strict64.DecodeString(s); err != nil {
		return malformed("padding or spare bits of the base64")
	}
	return Host{Base64, s}, nil
}
