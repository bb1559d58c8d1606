package settings

import (
	"regexp"
	"strings"
	"unicode"
)

// longWord is as long as the shortest of keys, destinations and their hashes, in their alphabets.
var longWord = regexp.MustCompile(`[0-9A-Za-z~=+/-]{40,}`)

const maxQuote = 200 // bytes

// Quotable returns a router's words as errors, logs and Status may repeat them: one that answers with what it was told would
// otherwise have our keys logged, and one that lies could write to the terminal of whoever reads them.
func Quotable(s string) string {
	s = longWord.ReplaceAllLiteralString(s, "...")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > maxQuote {
		s = strings.ToValidUTF8(s[:maxQuote], "") + "..."
	}
	return s
}
