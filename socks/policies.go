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

// All returns a policy that admits what all of them admit. They are asked in order up to the first
// refusal, which counts. With [I2POnly] in front the others see canonical names. Of no policies it
// refuses everything.
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

// Commands returns a policy that admits these commands. A list with [Associate] should hold [Datagram] too.
func Commands(commands ...Command) Policy {
	return func(_ context.Context, r *Request) error {
		if slices.Contains(commands, r.Command) {
			return nil
		}
		return &ReplyError{Reply: CommandNotSupported, Err: errNotListed}
	}
}

// Ports returns a policy that admits these ports: of peers, and in BIND the one listened on. Where
// a port means nothing, in [Associate], [Resolve] and [ResolvePTR], it admits all.
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

// Hosts returns a policy that admits these hosts; one that begins with a dot, such as
// ".example.i2p", stands for all below it. It compares names and looks nothing up: the base32 name
// of a host is another host. In BIND it refuses to wait for any peer. In [Associate], which names
// no peer, it admits all.
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

// Strength is how [Literals] takes IP addresses.
type Strength int

// The strengths.
const (
	RefuseLiterals Strength = iota // answer 0x08
	WarnLiterals                   // admit, and tell
	AllowLiterals                  // admit
)

// Literals returns a policy that decides on requests for IP addresses, and leaves all others to
// next, or [I2POnly] if that is nil. Such a request tells that its program resolves names itself,
// past this server: what [I2POnly] refuses to everybody, this may only bring to notice. warn is
// called for each with [WarnLiterals]; it may be nil.
//
// What is admitted goes to the dialer like all else. One for I2P fails; see [SelectLiterals].
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

// SelectLiterals returns a function for [Server].Select that gives requests for IP addresses to
// one dialer, and all others to another. An association belongs to names.
func SelectLiterals(literals, names proxy.ContextDialer) func(context.Context, *Request) (proxy.ContextDialer, error) {
	return func(_ context.Context, r *Request) (proxy.ContextDialer, error) {
		if r.IsLiteral() {
			return literals, nil
		}
		return names, nil
	}
}

// IsLiteral reports whether the peer asked for is an IP address, be it sent as one or as text. The
// wildcards of BIND and the client's own address in UDP ASSOCIATE are no peers, and virtual
// addresses are names.
func (r Request) IsLiteral() bool {
	_, err := netip.ParseAddr(r.Host)
	isIP := err == nil || r.IP.IsValid()
	return isIP && r.Command != Associate && (r.Command != Bind || !isWildcard(r.Host))
}
