// Package i2pidn converts international names under .i2p between the form that
// people write, such as "bücher.i2p", and the "xn--" form in which address books
// and routers know them.
//
// It stands apart so that programs without need of it are spared its tables.
//
// # What it refuses to do
//
// It looks nothing up. It takes no name outside .i2p. It does not vouch that what
// it displays is what a reader takes it for: letters of one script can look like
// those of another. Show the "xn--" form unless your users ask for the other.
package i2pidn

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// ToASCII returns the canonical form of a name that somebody typed: mapped and
// checked under the rules for lookup of UTS #46, then by [i2phost.Parse]. Text
// that is ASCII goes to i2phost.Parse as it is, whatever kind of host it is. The
// error wraps [i2phost.ErrNotI2P] or [i2phost.ErrMalformed].
func ToASCII(s string) (i2phost.Host, error) {
	if isASCII(s) {
		return i2phost.Parse(s)
	}
	if len(s) > 1000 || !utf8.ValidString(s) {
		return i2phost.Host{}, fmt.Errorf("i2pidn: %w: too long, or not UTF-8", i2phost.ErrMalformed)
	}
	ascii, err := idna.Lookup.ToASCII(s)
	if err != nil { // whose text repeats the name
		return i2phost.Host{}, fmt.Errorf("i2pidn: %w: not an international name", i2phost.ErrMalformed)
	}
	host, err := i2phost.Parse(ascii)
	if err == nil && host.Kind() != i2phost.Name {
		return i2phost.Host{}, fmt.Errorf("i2pidn: %w: a hash in letters that are not its own", i2phost.ErrMalformed)
	}
	return host, err
}

// Display returns a name as its readers write it, if it comes back to the same
// name and no label mixes letters of several scripts; else it returns what it was
// given.
func Display(name string) string {
	text, err := idna.Lookup.ToUnicode(name)
	if err != nil {
		return name
	}
	for label := range strings.SplitSeq(text, ".") {
		if !isASCII(label) && !oneScript(label) {
			return name
		}
	}
	if host, err := ToASCII(text); err != nil || host.String() != name {
		return name
	}
	return text
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// oneScript allows digits and hyphens beside the letters.
func oneScript(label string) bool {
	var script *unicode.RangeTable
	for _, c := range label {
		if c == '-' || unicode.IsDigit(c) || unicode.Is(unicode.Inherited, c) {
			continue
		}
		if script == nil {
			script = scriptOf(c)
		}
		if script == nil || !unicode.Is(script, c) {
			return false
		}
	}
	return true
}

func scriptOf(c rune) *unicode.RangeTable {
	for _, table := range unicode.Scripts {
		if unicode.Is(table, c) {
			return table
		}
	}
	return nil
}
