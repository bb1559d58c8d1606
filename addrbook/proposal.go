package addrbook

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Proposal is an address that somebody proposes for a name. It takes effect only when the program, for example after
// asking the user, adds it to a [File].
type Proposal struct {
	// Name is canonical.
	Name string

	// Address is what the name is said to stand for. If it is not a whole destination,
	// a router finds that, and it must fit: see [Address.Same].
	Address Address

	// Source says who proposes: the host of a jump service, or "address helper".
	Source string
}

// helperKey is the parameter of a URL that carries a destination.
const helperKey = "i2paddresshelper"

var errHelper = errors.New("addrbook: not a URL with an address helper")

// ParseAddressHelper reads a URL such as
// http://example.i2p/?i2paddresshelper=<destination>, where the destination is in
// base64 or a base32 name: see [ParseAddress]. It returns the proposal, and the URL without the
// parameter; the rest of the query keeps its order. The first such parameter counts.
func ParseAddressHelper(rawURL string) (Proposal, *url.URL, error) {
	if len(rawURL) > 8<<10 {
		return Proposal{}, nil, errHelper
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return Proposal{}, nil, errHelper
	}
	name, err := canonical(u.Hostname())
	if err != nil {
		return Proposal{}, nil, err
	}
	value, rest, ok := cutHelper(u.RawQuery)
	if !ok {
		return Proposal{}, nil, errHelper
	}
	if value, err = url.QueryUnescape(value); err != nil {
		return Proposal{}, nil, errHelper
	}
	p, err := propose(name, value)
	if err != nil {
		return Proposal{}, nil, err
	}
	p.Source = "address helper"
	u.RawQuery = rest
	return p, u, nil
}

// cutHelper takes all helpers out of a query and returns the value of the first.
func cutHelper(query string) (value, rest string, found bool) {
	var kept []string
	for part := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		key, v, _ := strings.Cut(part, "=")
		if key != helperKey {
			kept = append(kept, part)
		} else if !found {
			value, found = v, true
		}
	}
	return value, strings.Join(kept, "&"), found
}

// propose checks what is said to be the address of a name.
func propose(name, value string) (Proposal, error) {
	a, err := ParseAddress(value)
	if err != nil {
		return Proposal{}, fmt.Errorf("addrbook: proposal: %w", err)
	}
	return Proposal{Name: name, Address: a}, nil
}
