package keeper

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-i2p/i2psocks/dialer"
)

// ContextError tells why ctx ended: its cause, or [dialer.ErrTimeout] where time was up.
func ContextError(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", dialer.ErrTimeout, context.DeadlineExceeded)
}

// waitError says that ctx ended while the session was not up, and why it was not.
func waitError(ctx context.Context, last error) error {
	err := ContextError(ctx)
	if last == nil {
		return fmt.Errorf("session is not up yet: %w", err)
	}
	return fmt.Errorf("session is not up (%v): %w", last, err)
}
