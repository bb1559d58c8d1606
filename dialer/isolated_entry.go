package dialer

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// entry is one backend from before it is made until it is gone. Isolated.mu guards what changes,
// but for backend and err, which are set once before ready is closed.
type entry struct {
	key     string // empty for a spare
	user    string // who asked first; empty for nobody who has to share
	ctx     context.Context
	cancel  context.CancelFunc
	ready   chan struct{} // closed when backend or err is set
	backend Backend
	err     error
	uses    int
	used    time.Time
	retired bool          // must not be used any more
	gone    chan struct{} // closed when a retired one is closed
}

var errNoBackend = errors.New("dialer: Isolated.New is nil, or returned neither backend nor error")

// acquire returns the backend of a key, which is not retired for idleness before release.
func (i *Isolated) acquire(ctx context.Context, user, key string) (*entry, error) {
	for {
		if ctx.Err() != nil {
			return nil, waitError(ctx)
		}
		e, err := i.join(user, key)
		if err != nil {
			return nil, err
		}
		select {
		case <-e.ready:
		case <-ctx.Done():
			i.release(e)
			return nil, waitError(ctx)
		}
		i.mu.Lock()
		retired := e.retired
		i.mu.Unlock()
		switch {
		case retired: // the next round finds another, or that all is closed
		case e.err != nil:
			i.release(e)
			return nil, e.err
		default:
			return e, nil
		}
		i.release(e)
	}
}

func waitError(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrTimeout, context.DeadlineExceeded)
}

// join counts a use of a key's entry, and makes it if there is none.
func (i *Isolated) join(user, key string) (*entry, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, ErrSessionClosed
	}
	i.init()
	e := i.entries[key]
	if e == nil {
		var err error
		if e, err = i.admit(user, key); err != nil {
			return nil, err
		}
		i.entries[key] = e
		i.refill()
		i.watch()
	}
	e.uses++
	return e, nil
}

// admit returns a new entry for a key, in place of an idle one if there are too many. The caller holds mu.
func (i *Isolated) admit(user, key string) (*entry, error) {
	if !i.fair(user) {
		return nil, ErrLimit
	}
	if limit := i.max(); limit > 0 && len(i.entries) >= limit {
		victim := i.leastRecent()
		if victim == nil {
			return nil, ErrLimit
		}
		i.retire(victim)
	}
	if len(i.spares) > 0 {
		e := i.spares[0]
		i.spares = i.spares[1:]
		e.key, e.user = key, user
		return e, nil
	}
	e := i.start(key)
	e.user = user
	return e, nil
}

// fair reports whether a user may use one more: if that is no more than all leave free. The caller holds mu.
func (i *Isolated) fair(user string) bool {
	if user == "" || i.max() <= 0 {
		return true
	}
	own, all := 0, 0
	for _, e := range i.entries {
		if e.busy() {
			all++
			if e.user == user {
				own++
			}
		}
	}
	return own < i.max()-all
}

// leastRecent returns the idle entry that was used least recently, nil if all are in use. The
// caller holds mu.
func (i *Isolated) leastRecent() (least *entry) {
	for _, e := range i.entries {
		if !e.busy() && (least == nil || e.used.Before(least.used)) {
			least = e
		}
	}
	return least
}

// busy reports whether a backend is used. What is still being made always is.
func (e *entry) busy() bool { return e.uses > 0 }

// again counts one more use of an entry that is in use.
func (i *Isolated) again(e *entry) {
	i.mu.Lock()
	defer i.mu.Unlock()
	e.uses++
}

// start makes a backend. The caller holds mu.
func (i *Isolated) start(key string) *entry {
	e := &entry{key: key, used: time.Now(), ready: make(chan struct{}), gone: make(chan struct{})}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	var before []*entry // what had the key: the two may have one identity
	for c := range i.closing {
		if c.key == key {
			before = append(before, c)
		}
	}
	i.done.Go(func() {
		defer e.cancel()
		backend, err := i.make(e.ctx, key, before)
		i.started(e, backend, err)
		if err == nil && key == "" {
			backend.Up(e.ctx) // if it fails, the first use tries again
		}
	})
	return e
}

// make calls New once those before are gone and there is a slot, which is held while there is a backend.
func (i *Isolated) make(ctx context.Context, key string, before []*entry) (Backend, error) {
	for _, b := range before {
		select {
		case <-b.gone:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if i.New == nil {
		return nil, errNoBackend
	}
	if err := i.takeSlot(ctx); err != nil {
		return nil, err
	}
	b, err := i.New(ctx, key)
	if err == nil && b == nil {
		err = errNoBackend
	}
	if err != nil {
		i.freeSlot()
		return nil, err
	}
	return b, nil
}

// takeSlot waits until a backend that is being closed is gone, if there are too many. Those in use
// and the spares never fill all slots.
func (i *Isolated) takeSlot(ctx context.Context) error {
	if i.slots == nil {
		return ctx.Err()
	}
	select {
	case i.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (i *Isolated) freeSlot() {
	if i.slots != nil {
		<-i.slots
	}
}

// started lets an entry be used, or takes it out.
func (i *Isolated) started(e *entry, backend Backend, err error) {
	if !i.settle(e, backend, err) {
		i.Logger.Warn("isolated backend not made", "err", err)
	}
}

// settle is started without the log. It reports whether nobody is to be told of a failure.
func (i *Isolated) settle(e *entry, backend Backend, err error) (quiet bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	defer close(e.ready)
	if e.backend, e.err = backend, err; err == nil || e.retired {
		return true
	}
	if i.entries[e.key] == e {
		delete(i.entries, e.key)
	}
	for n, spare := range i.spares {
		if spare == e {
			i.spares = append(i.spares[:n:n], i.spares[n+1:]...)
			break
		}
	}
	return false
}

// release ends a use. What is being made for nobody is given up.
func (i *Isolated) release(e *entry) {
	i.mu.Lock()
	defer i.mu.Unlock()
	e.uses--
	e.used = time.Now()
	select {
	case <-e.ready:
	default:
		if e.uses == 0 && !e.retired {
			i.retire(e)
		}
	}
}
