package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"iter"
	"unicode/utf16"
)

const (
	minBase64 = 8  // characters that are decoded at least
	minLine   = 48 // characters of the lines of a mail in Base64, which have up to 76
)

// forms yields what was sent, and what it says when percent encoding (RFC 3986, section 2.1), JSON's escaped
// slashes, Base64 and UTF-16 are undone.
func forms(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for form := range encodings(b) {
			if !yield(form) || !narrowed(form, yield) {
				return
			}
		}
	}
}

// encodings yields what was sent, and what it says without percent encoding, escaped slashes and Base64.
func encodings(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !yield(b) {
			return
		}
		if plain, ok := unescape(b); ok && !yield(plain) {
			return
		}
		for begin := 0; begin < len(b); begin++ {
			block := b[begin : begin+base64Block(b[begin:])]
			if !decodedBlock(block, yield) {
				return
			}
			begin += len(block)
		}
	}
}

// base64Block returns how much of the start of b is Base64, in one line or in several, as in mails (RFC 2045, section 6.8).
func base64Block(b []byte) (n int) {
	for {
		for n < len(b) && base64Value(b[n]) {
			n++
		}
		end := len(b) - len(bytes.TrimPrefix(bytes.TrimPrefix(b[n:], []byte("\r")), []byte("\n")))
		if n == 0 || end == n || end == len(b) || !base64Value(b[end]) {
			return n
		}
		n = end
	}
}

// decodedBlock yields what each line of Base64 says by itself and, if the lines are as long as those of mails, what they say
// together.
func decodedBlock(block []byte, yield func([]byte) bool) bool {
	longest := 0
	for line := range bytes.FieldsSeq(block) {
		if len(line) >= minBase64 && !decodings(line, yield) {
			return false
		}
		longest = max(longest, len(line))
	}
	return longest < minLine || longest == len(block) || decodings(bytes.Join(bytes.Fields(block), nil), yield)
}

// narrowed yields what b says if it is UTF-16 of either byte order, as Windows protocols and Java have it, if it looks like that.
func narrowed(b []byte, yield func([]byte) bool) bool {
	if !isWide(b) {
		return true
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for begin := range 2 {
			units := make([]uint16, 0, len(b)/2)
			for i := begin; i+1 < len(b); i += 2 {
				units = append(units, order.Uint16(b[i:]))
			}
			if !yield([]byte(string(utf16.Decode(units)))) {
				return false
			}
		}
	}
	return true
}

// isWide reports whether there are two letters or digits of ASCII in a row, in UTF-16.
func isWide(b []byte) bool {
	for i := 3; i < len(b); i++ {
		if b[i] == 0 && b[i-2] == 0 && isAlphanumeric(b[i-1]) && (isAlphanumeric(b[i-3]) || i+1 < len(b) && isAlphanumeric(b[i+1])) {
			return true
		}
	}
	return false
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
