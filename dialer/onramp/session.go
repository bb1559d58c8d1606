package onramp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/go-i2p/i2pkeys"
	"github.com/go-i2p/onramp"
	"github.com/go-i2p/sam3"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys/goi2p"
)

// fixedAddress is the bridge that sam3 dials for each stream, whatever it was told.
const fixedAddress = "127.0.0.1:7656"

// settle is how long an identity rests after its session, as in package sam: i2pd would destroy one that comes sooner.
var settle = 7 * time.Second

// session is a Garlic that is up.
type session struct {
	b         *Backend
	garlic    *onramp.Garlic
	dialing   sam3.StreamSession // a copy, as accepting writes what the peer sent into the session's ports
	accepting sync.Once
	done      chan struct{} // closed when the session is over
	why       error         // valid after done
}

// opening is an attempt to open the session.
type opening struct {
	done chan struct{} // closed when it is over
	err  error
}

// errLost says that the router does not know the session any more.
var errLost = fmt.Errorf("%w: the session is gone", dialer.ErrRouterDown)

// open makes the Garlic. It cannot be interrupted, and so runs on its own.
func (b *Backend) open(o *opening) {
	options := b.Options
	if options == nil {
		options = []string{"inbound.length=3", "outbound.length=3", "inbound.quantity=3", "outbound.quantity=3", "i2cp.leaseSetEncType=4"}
	}
	err := b.claim.Take(b.base, b.destination.Hash(), func() {})
	var g *onramp.Garlic
	if err == nil {
		g, err = guard(func() (*onramp.Garlic, error) { return onramp.NewGarlic(b.Name, fixedAddress, options) })
	}
	if err == nil {
		d, bad := goi2p.FromI2PAddr(g.StreamSession.Addr())
		if bad != nil || d != b.destination {
			closeGarlic(g)
			b.claim.Rest(settle)
			err = fmt.Errorf("%w: the session has another identity", dialer.ErrRouter)
		}
	}
	if b.opened(o, g, err) {
		b.log("session is up")
	}
}

// opened ends an opening, and reports whether there is a session from now on.
func (b *Backend) opened(o *opening, g *onramp.Garlic, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer close(o.done)
	b.opening = nil
	switch {
	case b.closed:
		if err == nil {
			closeGarlic(g)
			b.claim.Rest(settle)
		}
		b.claim.Release()
		o.err = dialer.ErrSessionClosed
	case err != nil:
		o.err = err
		state := dialer.Idle
		if b.status.State == dialer.Down {
			state = dialer.Down
		} else {
			b.claim.Release()
		}
		b.set(state, err)
	default:
		b.session = &session{b: b, garlic: g, dialing: *g.StreamSession, done: make(chan struct{})}
		b.status.Attempts = 0
		b.set(dialer.Up, nil)
		go b.watch(b.session)
		return true
	}
	return false
}

// watch reads the control connection, on which nothing of use comes, to its end.
func (b *Backend) watch(s *session) {
	buf := make([]byte, 512)
	for {
		if _, err := s.garlic.StreamSession.Read(buf); err != nil {
			b.lost(s)
			return
		}
	}
}

// lost ends a session and its listener. The next use opens another one.
func (b *Backend) lost(s *session) {
	if b.forget(s) {
		b.log("session is gone")
	}
}

// forget is lost without the log. It reports whether the session was still wanted.
func (b *Backend) forget(s *session) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.session != s {
		return false
	}
	b.session = nil
	if s.why = errLost; b.closed {
		s.why = dialer.ErrSessionClosed
	}
	close(s.done)
	if b.listener != nil {
		b.listener.end(s.why)
		b.listener = nil
	}
	closeGarlic(s.garlic)
	b.claim.Rest(settle)
	if b.closed {
		return false
	}
	b.set(dialer.Down, errLost)
	return true
}

// dial opens a stream to a checked host. The call goes on behind a context that ended, and its
// stream is closed when it comes.
func (s *session) dial(ctx context.Context, host string) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	if !s.b.enter() {
		return nil, dialer.ErrLimit
	}
	type result struct {
		conn *sam3.SAMConn
		err  error
	}
	came := make(chan result, 1)
	go func() {
		conn, err := guard(func() (*sam3.SAMConn, error) { return s.dialing.DialI2P(i2pkeys.I2PAddr(host)) })
		s.b.leave()
		came <- result{conn, err}
	}()
	select {
	case r := <-came:
		if r.err == nil {
			return r.conn, nil
		}
		select {
		case <-s.done: // which is why
			return nil, s.why
		default:
			return nil, r.err
		}
	case <-ctx.Done():
	case <-s.done:
	}
	go func() {
		if r := <-came; r.err == nil {
			r.conn.Close()
		}
	}()
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	return nil, s.why
}

// enter counts a call into onramp; false if there are too many that did not come back.
func (b *Backend) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls >= maxCalls {
		return false
	}
	b.calls++
	return true
}

func (b *Backend) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls--
}

// guard calls into onramp. A panic becomes an error, and so does a nil result.
func guard[T any](f func() (*T, error)) (v *T, err error) {
	defer func() {
		if recover() != nil {
			v, err = nil, fmt.Errorf("%w: onramp panicked", dialer.ErrRouter)
		}
	}()
	if v, err = f(); err != nil {
		return nil, classify(err)
	}
	if v == nil {
		return nil, fmt.Errorf("%w: onramp returned nothing", dialer.ErrRouter)
	}
	return v, nil
}

// closeGarlic closes what there is. Garlic.Close panics on one that never was up.
func closeGarlic(g *onramp.Garlic) {
	guard(func() (*onramp.Garlic, error) { return g, g.Close() })
}

// reasons are the texts of onramp and sam3, the telling ones first.
var reasons = []struct {
	text string
	err  error
}{
	{"Invalid tunnel ID", errLost},
	{"Duplicate", dialer.ErrIdentityInUse},
	{"Can not reach peer", dialer.ErrPeerUnreachable},
	{"LEASESET_NOT_FOUND", dialer.ErrLeaseSetNotFound},
	{"KEY_NOT_FOUND", dialer.ErrNameNotFound},
	{"Invalid key - Stream", dialer.ErrBadDestination},
	{"Timeout", dialer.ErrTimeout},
	{"dialing to address", dialer.ErrRouterDown},
	{"writing to", dialer.ErrRouterDown},
	{"reading ", dialer.ErrRouterDown},
}

// classify drops the text, which may quote the router.
func classify(err error) error {
	for _, r := range reasons {
		if strings.Contains(err.Error(), r.text) {
			return r.err
		}
	}
	var broken net.Error
	if errors.As(err, &broken) {
		return dialer.ErrRouterDown
	}
	return dialer.ErrRouter
}

// contextError says why a context ended.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return fmt.Errorf("%w: %w", dialer.ErrTimeout, context.DeadlineExceeded)
}

func (b *Backend) log(text string) {
	if b.Logger != nil {
		b.Logger.Info("onramp: " + text)
	}
}
