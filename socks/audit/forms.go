package audit

import (
	"bytes"
	"encoding/base64"
	"iter"
)

// minBase64 is how many characters of Base64 are decoded at least.
const minBase64 = 8

// forms yields what was sent, and what it says when percent encoding (RFC 3986, section 2.1), JSON's escaped
// slashes and Base64 are undone.
func forms(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !yield(b) {
			return
		}
		if plain, ok := unescape(b); ok && !yield(plain) {
			return
		}
		for begin := 0; begin < len(b); begin++ {
			end := begin
			for end < len(b) && base64Value(b[end]) {
				end++
			}
			if end-begin >= minBase64 && !decodings(b[begin:end], yield) {
				return
			}
			begin = end
		}
	}
}

// unescape returns b without percent encoding and escaped slashes, if it has any.
func unescape(b []byte) (plain []byte, changed bool) {
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '%' && i+2 < len(b) && hexValue(b[i+1]) >= 0 && hexValue(b[i+2]) >= 0:
			plain = append(plain, byte(hexValue(b[i+1])<<4|hexValue(b[i+2])))
			i, changed = i+2, true
		case b[i] == '\\' && i+1 < len(b) && b[i+1] == '/':
			changed = true
		default:
			plain = append(plain, b[i])
		}
	}
	return plain, changed
}

// decodings yields the bytes of a run of Base64 of either alphabet, which may have begun before.
func decodings(run []byte, yield func([]byte) bool) bool {
	run = bytes.ReplaceAll(bytes.ReplaceAll(run, []byte("-"), []byte("+")), []byte("_"), []byte("/"))
	for skip := range 4 {
		part := run[skip:]
		if len(part)%4 == 1 {
			part = part[:len(part)-1]
		}
		plain := make([]byte, base64.RawStdEncoding.DecodedLen(len(part)))
		if _, err := base64.RawStdEncoding.Decode(plain, part); err == nil && !yield(plain) {
			return false
		}
	}
	return true
}

func base64Value(c byte) bool {
	return isAlphanumeric(c) || c == '+' || c == '/' || c == '-' || c == '_'
}

func hexValue(c byte) int { return bytes.IndexByte([]byte("0123456789abcdef"), c|0x20) }
