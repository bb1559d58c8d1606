package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

// session is a [sam.Session] or an [i2cp.Session].
type session interface {
	dialer.Backend
	dialer.Aborter
	resolver
	packetListener
	EncryptedHost() string
}

// either is an identity whose session goes by SAM or by I2CP, whichever it finds at its first use. The other one, of the same
// identity, is never used. It waits for a router of the endpoint's own before the session does, which gives a router no more than
// some seconds to answer.
type either struct {
	sam    *sam.Session  // nil if it is not to go by SAM
	i2cp   *i2cp.Session // nil if it is not to go by I2CP
	router *ownRouter

	mu       sync.Mutex
	chosen   session // nil until then
	choosing int     // how many wait for that
	err      error   // of the last try
	closed   bool
	over     context.Context // ends at Close
	cancel   context.CancelFunc
}

var _ session = (*either)(nil)

func newEither(s *sam.Session, i *i2cp.Session, router *ownRouter) *either {
	e := &either{sam: s, i2cp: i, router: router}
	e.over, e.cancel = context.WithCancel(context.Background())
	return e
}

// choose returns the session, after the router was found.
func (e *either) choose(ctx context.Context, op string) (session, error) {
	e.mu.Lock()
	if e.chosen != nil || e.closed {
		defer e.mu.Unlock()
		return e.settled(op)
	}
	e.choosing++
	e.mu.Unlock()
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.over, cancel)()
	w, conn, err := e.router.settle(within)
	if conn != nil { // sessions open their own
		conn.Close()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.choosing--
	switch {
	case e.chosen != nil || e.closed:
		return e.settled(op)
	case err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		err = fmt.Errorf("no router is up yet: %w", waitError(ctx))
	case err != nil && ctx.Err() != nil:
		err = fmt.Errorf("no router is up yet: %w: %w", waitError(ctx), err)
	case err != nil:
		err = fmt.Errorf("%w: %w", dialer.ErrRouterDown, err)
	case e.sam != nil && e.i2cp != nil && e.i2cp.Signer != nil:
		err = fmt.Errorf("an identity of a Signer over SAM: %w; let I2CP be the only choice", errors.ErrUnsupported)
	case w.protocol == overSAM:
		e.chosen = e.sam
	default:
		e.chosen = e.i2cp
	}
	if err != nil {
		e.err = err
		return nil, dialer.OpError(op, nil, err)
	}
	return e.chosen, nil
}

// settled returns the session that was chosen. The caller holds mu.
func (e *either) settled(op string) (session, error) {
	if e.chosen == nil {
		return nil, dialer.OpError(op, nil, dialer.ErrSessionClosed)
	}
	return e.chosen, nil
}

// likely returns the session that was chosen, or the one whose identity it will be.
func (e *either) likely() session {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.chosen != nil:
		return e.chosen
	case e.sam != nil:
		return e.sam
	}
	return e.i2cp
}

func (e *either) Addr() dialer.Addr     { return e.likely().Addr() }
func (e *either) EncryptedHost() string { return e.likely().EncryptedHost() }
func (e *either) Close() error          { return e.end().Close() }
func (e *either) Abort() error          { return e.end().Abort() }

// end makes sure that nothing is chosen any more, and returns the session to close.
func (e *either) end() session {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	return e.likely()
}

func (e *either) Status() dialer.Status {
	st := e.likely().Status()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.chosen == nil && !e.closed {
		st.Err = e.err
		if e.choosing > 0 {
			st.State = dialer.Starting
		}
	}
	return st
}

func (e *either) Up(ctx context.Context) error {
	s, err := e.choose(ctx, "up")
	if err != nil {
		return e.because(err)
	}
	return e.because(s.Up(ctx))
}

// because adds to the error of a session that is not up what the router of the endpoint's own knows of the reason.
func (e *either) because(err error) error {
	r, ok := e.router.router.(interface{ Problem() error })
	if err == nil || !ok || errors.Is(err, dialer.ErrSessionClosed) || e.likely().Status().State == dialer.Up {
		return err
	}
	op, ok := err.(*net.OpError)
	problem := r.Problem()
	if !ok || problem == nil || errors.Is(err, problem) {
		return err
	}
	return dialer.OpError(op.Op, op.Addr, fmt.Errorf("%w: %w", op.Err, problem))
}

func (e *either) Dial(network, address string) (net.Conn, error) {
	return e.DialContext(context.Background(), network, address)
}

func (e *either) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	s, err := e.choose(ctx, "dial")
	if err != nil {
		return nil, err
	}
	conn, err := s.DialContext(ctx, network, address)
	if err != nil {
		return nil, e.because(err)
	}
	return conn, nil
}

func (e *either) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	s, err := e.choose(ctx, "listen")
	if err != nil {
		return nil, err
	}
	ln, err := s.Listen(ctx, network, address)
	if err != nil {
		return nil, e.because(err)
	}
	return ln, nil
}

func (e *either) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	s, err := e.choose(ctx, "listen")
	if err != nil {
		return nil, err
	}
	return s.ListenPacket(ctx, network, address)
}

func (e *either) LookupAddr(ctx context.Context, host string) (string, error) {
	s, err := e.choose(ctx, "lookup")
	if err != nil {
		return "", err
	}
	return s.LookupAddr(ctx, host)
}
