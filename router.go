package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/go-i2p/i2psocks/dialer"
)

// Router is a private router. Its methods may be called by several goroutines at once. For an [Endpoint] that uses
// I2CP it must also have the method DialI2CP, which is to I2CP what DialSAM is to SAM. If it has a method Problem() error,
// as [*i2pd.Router] has, its result becomes part of the errors of sessions that are not up.
//
// [*i2pd.Router]: https://pkg.go.dev/github.com/go-i2p/i2psocks/dialer/i2pd#Router
type Router interface {
	// DialSAM starts the router if necessary and connects to its SAM bridge, and to nothing else. ctx bounds the
	// call, not the life of the router. After a failed start the next call tries again.
	DialSAM(ctx context.Context) (net.Conn, error)
	// Close ends the router. It may be called when the router was never started.
	Close() error
}

// doorTimeout is how long a router that may be running has to take a connection, as long as sessions give it.
const doorTimeout = 10 * time.Second

// dial connects to a router that may be running, at an address that is no name.
func (d candidate) dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{Timeout: doorTimeout}).DialContext(ctx, d.network, d.address)
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
