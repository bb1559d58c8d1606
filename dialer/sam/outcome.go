package sam

import (
	"context"
	"sync"

	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
)

// outcome is how asking for something has turned out. Once it has worked it stays so.
type outcome struct {
	mu    sync.Mutex
	ok    bool
	err   error
	known chan struct{} // closed at the next report; nil unless somebody waits
}

func (o *outcome) report(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ok, o.err = o.ok || err == nil, err
	if o.known != nil {
		close(o.known)
		o.known = nil
	}
}

// wait returns the error of the next report, nil at once if it has worked before.
func (o *outcome) wait(ctx context.Context) error {
	o.mu.Lock()
	if o.ok {
		o.mu.Unlock()
		return nil
	}
	if o.known == nil {
		o.known = make(chan struct{})
	}
	known := o.known
	o.mu.Unlock()
	select {
	case <-known:
	case <-ctx.Done():
		return keeper.ContextError(ctx)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ok {
		return nil
	}
	return o.err
}
