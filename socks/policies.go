package socks

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"golang.org/x/net/proxy"
)

// Policy is the type of [Server].Allow: nil admits a request. Policies may be called by several
// goroutines at once.
type Policy = func(context.Context, *Request) error

var errNotListed = errors.New("socks: not on the list of the policy")

// All returns a policy that permits what all of them permit. They are called in order until the first refusal, which
// is returned. With [I2POnly] first, the others see canonical names. All of no policies refuses everything.
func All(policies ...Policy) Policy {
	return func(ctx context.Context, r *Request) error {
		err := errNotListed
		for _, p := range policies {
			if err = p(ctx, r); err != nil {
				break
			}
		}
		return err
	}
}

// Commands returns a policy that permits these commands. A list with Associate should contain Datagram too.
func Commands(commands ...Command) Policy {
	return func(_ context.Context, r *Request) error {
		if slices.Contains(commands, r.Command) {
			return nil
		}
		return &ReplyError{Reply: CommandNotSupported, Err: errNotListed}
	}
}

// Ports returns a policy that permits these ports: those of peers and, for BIND, the port to listen on. It permits
// all requests that have no meaningful port: Associate, Resolve and ResolvePTR.
func Ports(ports ...uint16) Policy {
	return func(_ context.Context, r *Request) error {
		switch r.Command {
		case Associate, Resolve, ResolvePTR:
			return nil
		}
		if slices.Contains(ports, r.Port) {
			return nil
		}
		return &ReplyError{Reply: NotAllowed, Err: errNotListed}
	}
}

// Hosts returns a policy that permits these hosts; one that begins with a dot, such as ".example.i2p", matches all
// its subdomains. It compares names and looks nothing up: the base32 name of a host is a different host. For BIND it
// refuses requests for any peer. For Associate, which names no peer, it permits all.
func Hosts(hosts ...string) Policy {
	exact := make(map[string]bool)
	var suffixes []string
	for _, h := range hosts {
		if h = canonical(h); strings.HasPrefix(h, ".") {
			suffixes = append(suffixes, h)
		} else {
			exact[h] = true
		}
	}
	return func(_ context.Context, r *Request) error {
		host := canonical(r.Host)
		below := func(suffix string) bool { return len(host) > len(suffix) && strings.HasSuffix(host, suffix) }
		if r.Command == Associate || exact[host] || slices.ContainsFunc(suffixes, below) {
			return nil
		}
		return &ReplyError{Reply: NotAllowed, Err: errNotListed}
	}
}

func canonical(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// Strength is how [Literals] treats requests for IP addresses.
type Strength int

// The strengths.
const (
	RefuseLiterals Strength = iota // answer 0x08
	WarnLiterals                   // admit, and tell
	AllowLiterals                  // admit
)

// Literals returns a policy for requests with IP addresses; all other requests are passed to next, or [I2POnly] if
// that is nil. Such a request shows that its program resolves names itself, past this server. With WarnLiterals, warn
// is called for each; it may be nil.
//
// Permitted requests go to the dialer like all others. A dialer for I2P fails; see [SelectLiterals].
func Literals(strength Strength, warn func(*Request), next Policy) Policy {
	if next == nil {
		next = I2POnly
	}
	return func(ctx context.Context, r *Request) error {
		switch {
		case !r.IsLiteral():
			return next(ctx, r)
		case strength == AllowLiterals:
			return nil
		case strength != WarnLiterals:
			return &ReplyError{Reply: AddressNotSupported, Err: i2phost.ErrNotI2P}
		}
		if warn != nil {
			warn(r)
		}
		return nil
	}
}

// SelectLiterals returns a function for [Server].Select that passes requests for IP addresses to one dialer and all
// others to another. An association uses names.
func SelectLiterals(literals, names proxy.ContextDialer) func(context.Context, *Request) (proxy.ContextDialer, error) {
	return func(_ context.Context, r *Request) (proxy.ContextDialer, error) {
		if r.IsLiteral() {
			return literals, nil
		}
		return names, nil
	}
}

// IsLiteral reports whether the requested peer is an IP address, including one sent as text. The wildcard addresses
// of BIND and the client's own address in UDP ASSOCIATE do not count, nor do virtual addresses.
func (r Request) IsLiteral() bool {
	return (r.IP.IsValid() || isIP(r.Host)) && r.Command != Associate && (r.Command != Bind || !isWildcard(r.Host))
}

// isIP reports whether a host is an IP address. Names, which most are, end in a letter as no address of IPv4 does, and
// have no colon: they are told apart without an error that has to be made.
func isIP(host string) bool {
	if !strings.Contains(host, ":") && (host == "" || host[len(host)-1] < '0' || host[len(host)-1] > '9') {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
