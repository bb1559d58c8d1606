// Package bound bounds contexts.
package bound

import (
	"context"
	"time"
)

// Context returns a context that ends d after now at the latest: ctx itself where it does so anyway, which spares the timer. A
// d that is not positive is no bound.
func Context(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return ctx, func() {}
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}
