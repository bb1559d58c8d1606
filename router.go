package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/go-i2p/i2psocks/dialer"
)

// Router is a router of the program's own. Its methods may be called by several goroutines at once.
type Router interface {
	// DialSAM starts the router if need be and connects to its SAM bridge, and to nothing else. ctx bounds the wait,
	// not the life of the router. A start that failed is tried again by the next call.
	DialSAM(ctx context.Context) (net.Conn, error)
	// Close ends the router. It is safe to call when it was never started.
	Close() error
}

// patience is the longest pause between two looks for a router that is not there yet.
const patience = 10 * time.Second

// patiently does what needs a router, again and again while there is none if that is wanted.
func (e *Endpoint) patiently(ctx context.Context, op string, do func() error) error {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = patience
	for {
		err := do()
		if !e.AwaitRouter || !errors.Is(err, dialer.ErrRouterDown) || ctx.Err() != nil {
			return err
		}
		t := time.NewTimer(pause.NextBackOff())
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return dialer.OpError(op, nil, fmt.Errorf("%w: %w", waitError(ctx), err))
		}
	}
}

// ownRouter reaches the SAM bridge that runs, else that of a router of the endpoint's own. Which of
// the two is settled by the first connection: sessions and their streams must be at one router.
type ownRouter struct {
	router Router
	busy   chan struct{} // holds one token while it is being settled
	which  choice        // guarded by busy
}

type choice int

const (
	unsettled choice = iota
	running
	child
)

func newOwnRouter(r Router) *ownRouter {
	return &ownRouter{router: r, busy: make(chan struct{}, 1)}
}

func (o *ownRouter) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, which, err := o.settle(ctx, network, address)
	if conn != nil || err != nil {
		return conn, err
	}
	if which == child {
		return o.router.DialSAM(ctx)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// settle decides where the bridge is, unless that is known. It returns a connection if one was made for it.
func (o *ownRouter) settle(ctx context.Context, network, address string) (net.Conn, choice, error) {
	select {
	case o.busy <- struct{}{}:
		defer func() { <-o.busy }()
	case <-ctx.Done():
		return nil, unsettled, context.Cause(ctx)
	}
	if o.which != unsettled {
		return nil, o.which, nil
	}
	if _, err := netip.ParseAddrPort(address); network != "unix" && err != nil {
		return nil, unsettled, fmt.Errorf("%w: host must be an IP literal, as names would need DNS", err)
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		o.which = running
		return conn, running, nil
	}
	if ctx.Err() != nil {
		return nil, unsettled, err
	}
	conn, startErr := o.router.DialSAM(ctx)
	if startErr != nil {
		return nil, unsettled, fmt.Errorf("%w; and the router of its own does not start: %w", err, startErr)
	}
	o.which = child
	return conn, child, nil
}
