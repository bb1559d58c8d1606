package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// ownRouter reaches the SAM bridge that runs, else that of a router of the endpoint's own. Which of
// the two is settled by the first connection: sessions and their streams must be at one router.
type ownRouter struct {
	router *i2pd.Router
	busy   chan struct{} // holds one token while it is being settled
	which  choice        // guarded by busy
}

type choice int

const (
	unsettled choice = iota
	running
	child
)

func newOwnRouter(r *i2pd.Router) *ownRouter {
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
	if _, startErr := o.router.Address(ctx); errors.Is(startErr, i2pd.ErrNotFound) {
		return nil, unsettled, fmt.Errorf("%w; and there is no i2pd to start: %w", err, startErr)
	} else if startErr != nil {
		return nil, unsettled, fmt.Errorf("%w; and the router of its own does not start: %w", err, startErr)
	}
	o.which = child
	return nil, child, nil
}
