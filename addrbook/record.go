package addrbook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-i2p/i2psocks/keys"
)

// Property is one of the properties that follow an entry of a feed.
type Property struct{ Key, Value string }

// Record is a line of a subscription feed: an entry, with properties or without,
// or a command that is nothing but properties. I2P specification "Address
// Subscription Feed":
//
//	name=destination
//	name=destination#!key=value#key=value
//	#!action=remove#name=...#dest=...#sig=...
//
// The zero Record is that of an empty line or a comment.
type Record struct {
	Name        string
	Destination keys.Destination
	Properties  []Property // in the order of the line
}

// The keys of properties that have a meaning here.
const (
	keyAction  = "action"
	keyDate    = "date"
	keyExpires = "expires"
	keyName    = "name"
	keyDest    = "dest"
	keyOldName = "oldname"
	keyOldDest = "olddest"
	keySig     = "sig"
	keyOldSig  = "oldsig"
)

var (
	errProperty  = errors.New("a property that is not key=value")
	errDuplicate = errors.New("a property given twice")
	errCommand   = errors.New("properties without a name, and not a removal")
	errNotWhole  = fmt.Errorf("%w: a base32 name, where only a whole destination can sign", ErrRefused)
)

// ParseRecord reads a line of a feed, without its end. The line is an entry
// under the rules of [ParseHosts], but with a whole destination, for a base32 name is
// [ErrRefused]; a property has a key and a value, no '#' and
// no control character, and stands once. Properties that are not known are kept.
// No signature is checked: that is [Record.Verify].
func ParseRecord(line string) (Record, error) {
	var r Record
	var err error
	var a Address
	if r.Name, a, err = parseEntry(line); err != nil {
		return Record{}, err
	}
	if r.Destination, _ = a.Destination(); r.Name != "" && r.Destination.IsZero() {
		return Record{}, errNotWhole
	}
	at := strings.IndexByte(line, '#')
	if at < 0 || !strings.HasPrefix(line[at:], "#!") || strings.HasPrefix(strings.TrimLeft(line, " \t"), ";") {
		return r, nil
	}
	if r.Properties, err = parseProperties(line[at+2:]); err != nil {
		return Record{}, err
	}
	if r.Name == "" && !r.isRemoval() {
		return Record{}, errCommand
	}
	return r, nil
}

func parseProperties(s string) ([]Property, error) {
	s = strings.TrimRight(s, " \t")
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return nil, errProperty
	}
	var props []Property
	seen := make(map[string]bool) // a line may have thousands, and a feed hundreds of such lines
	for part := range strings.SplitSeq(s, "#") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || key == "" || value == "" {
			return nil, errProperty
		}
		if seen[key] {
			return nil, errDuplicate
		}
		seen[key] = true
		props = append(props, Property{key, value})
	}
	return props, nil
}

// Get returns the value of a property, "" if there is none.
func (r Record) Get(key string) string {
	for _, p := range r.Properties {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// set puts a property in place of the one with its key, or behind all.
func (r *Record) set(key, value string) {
	r.Properties = slices.Clone(r.Properties)
	for i := range r.Properties {
		if r.Properties[i].Key == key {
			r.Properties[i].Value = value
			return
		}
	}
	r.Properties = append(r.Properties, Property{key, value})
}

// String returns the line, without an end; "" for the zero Record.
func (r Record) String() string {
	return r.text(r.Properties)
}

func (r Record) text(props []Property) string {
	var b strings.Builder
	if r.Name != "" {
		b.WriteString(r.Name + "=" + r.Destination.Base64())
	}
	sep := "#!"
	for _, p := range props {
		b.WriteString(sep + p.Key + "=" + p.Value)
		sep = "#"
	}
	return b.String()
}

// signed returns what a signature signs: the record with its properties sorted
// by key, without those in leave.
func (r Record) signed(leave ...string) []byte {
	props := slices.DeleteFunc(slices.Clone(r.Properties), func(p Property) bool { return slices.Contains(leave, p.Key) })
	slices.SortFunc(props, func(a, b Property) int { return strings.Compare(a.Key, b.Key) })
	return []byte(r.text(props))
}

func (r Record) isRemoval() bool {
	action := r.Get(keyAction)
	return action == "remove" || action == "removeall"
}

// destination reads a property that holds a destination.
func (r Record) destination(key string) (keys.Destination, error) {
	d, err := parseDestination(r.Get(key))
	if err != nil {
		return d, fmt.Errorf("property %s: %w", key, err)
	}
	return d, nil
}
