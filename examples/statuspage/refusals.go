package statuspage

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/audit"
)

// maxRefusals is how many of the last failed requests are kept.
const maxRefusals = 20

// A refusal is a request that failed.
type refusal struct {
	At      time.Time
	Version string
	Command string
	Target  string // only with Reveal
	Why     reason
	Detail  string // only with Reveal
}

// A reason is why a request failed, in words that name neither client nor target.
type reason struct {
	Text string
	Leak bool // the client may reveal its target to others
}

// refusals counts what failed by its reason, of which there are few, and keeps the last ones.
type refusals struct {
	counts map[reason]int
	last   []refusal // the latest first
}

func (r *refusals) add(one refusal) {
	if r.counts == nil {
		r.counts = make(map[reason]int)
	}
	r.counts[one.Why]++
	r.last = append([]refusal{one}, r.last[:min(len(r.last), maxRefusals-1)]...)
}

// targetKey is where the context of a request has its host, with Reveal.
type targetKey struct{}

// Hooks returns what SOCKS ports are to call, so that the page knows what was refused: set [i2psocks.Endpoint.Hooks] to it before the
// endpoint is used. next, if it is not nil, is called too.
func (h *Handler) Hooks(next *socks.Hooks) *socks.Hooks {
	h.start()
	if next == nil {
		next = new(socks.Hooks)
	}
	return &socks.Hooks{
		Conn: next.Conn,
		Request: func(ctx context.Context, r *socks.Request) context.Context {
			if next.Request != nil {
				if derived := next.Request(ctx, r); derived != nil {
					ctx = derived
				}
			}
			if h.Reveal {
				ctx = context.WithValue(ctx, targetKey{}, r.Addr())
			}
			return ctx
		},
		Done: func(ctx context.Context, r socks.Report) {
			h.done(ctx, r)
			if next.Done != nil {
				next.Done(ctx, r)
			}
		},
	}
}

func (h *Handler) done(ctx context.Context, r socks.Report) {
	if r.Reply == socks.Succeeded && !errors.Is(r.Err, audit.ErrFatal) {
		return
	}
	one := refusal{At: time.Now(), Version: r.Version.String(), Command: commandName(r.Command), Why: reasonOf(r.Err, r.Reply)}
	if h.Reveal {
		one.Target, _ = ctx.Value(targetKey{}).(string)
		if r.Err != nil {
			one.Detail = r.Err.Error()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals.add(one)
}

// commandName keeps clients from writing on the page: there are 256 commands to ask for.
func commandName(c socks.Command) string {
	switch c {
	case socks.Connect, socks.Bind, socks.Associate, socks.Resolve, socks.ResolvePTR:
		return c.String()
	}
	return "unknown"
}

// reasonOf says why a request failed. An error's own text may name hosts.
func reasonOf(err error, reply socks.Reply) reason {
	switch {
	case errors.Is(err, audit.ErrFatal):
		return reason{"ended: the client would have revealed who or where the user is", true}
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed) && reply == socks.GeneralFailure:
		return reason{"the client left", false}
	case reply == socks.AddressNotSupported:
		return reason{"an IP address: the client resolves names itself and reveals them to a DNS server", true}
	case errors.Is(err, i2phost.ErrNotI2P):
		return reason{"a host outside I2P: the client uses the clearnet, and may also bypass the proxy", true}
	case errors.Is(err, i2psocks.ErrMaxPersistent):
		return reason{i2psocks.ErrMaxPersistent.Error(), false}
	case reply == socks.NotAllowed:
		return reason{"not permitted by the policy", false}
	}
	if text := faultOf(err); text != "" {
		return reason{text, false}
	}
	return reason{reply.String(), false}
}

// faultOf says what an error of a backend is, without its text; "" for one that is unknown.
func faultOf(err error) string {
	for _, known := range []error{
		dialer.ErrNotI2P, dialer.ErrNameNotFound, dialer.ErrBadDestination, dialer.ErrLeaseSetNotFound, dialer.ErrPeerUnreachable,
		dialer.ErrRefused, dialer.ErrTimeout, dialer.ErrRouterDown, dialer.ErrRouter, dialer.ErrIdentityInUse, dialer.ErrSessionClosed,
		dialer.ErrLimit,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return ""
}
