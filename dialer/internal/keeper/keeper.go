package keeper

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/go-i2p/i2psocks/dialer"
)

// Live is a session on a router, from its creation to its end.
type Live interface {
	// Context ends when the session can be used no more; its cause is the reason.
	Context() context.Context
	// End ends the session and returns when nothing of it is left, in bounded time. why is
	// [dialer.ErrSessionClosed] if its owner wants it, which loses nothing that was written. It
	// is called once.
	End(why error)
	// Router says what answers, for [dialer.Status].
	Router() string
	// Rest is how long the router may still have the identity after an End that its owner wanted.
	Rest() time.Duration
}

// Keeper keeps a session up from its first use to Stop. The zero value with the fields Routers and
// Start is ready to use; fields may be changed until the first call of Await, from the first use of other methods on by
// Configure alone. Its methods may be called by several goroutines at once.
type Keeper[L Live] struct {
	// Routers is how many there are to choose from.
	Routers int
	// Start makes a session on one of them. Its error matches [dialer.ErrIdentityInUse] if that
	// router has the identity already, and is [Unsettled] if it might have it from now on.
	Start func(ctx context.Context, router int) (L, error)
	// Identity is the hash of the destination that Start makes sessions of. No two Keepers of a process have sessions of
	// one identity: from its first start until it is closed, or that start has failed, it is this one's. A start waits for one
	// that is being closed, and until its router has let go of the identity. Zero is none.
	Identity [32]byte
	// Ready, if set, is told of each session before anybody gets it, and also of one that Stop comes before.
	Ready func(L)
	// Settle is how long a router may still have the identity after a session that was lost, or a start that is Unsettled. The
	// identity rests for so long before it is given to any router again.
	Settle time.Duration
	// Fill, if set, adds to a Status what is not known here. It must not call the Keeper.
	Fill func(*dialer.Status)
	// StatusChanged, if set, is called with each new State: see notifier.
	StatusChanged func(dialer.Status)
	// Logger gets the life of the session.
	Logger *slog.Logger

	mu       sync.Mutex
	status   dialer.Status // its State is the state of all this
	live     L             // from Up until it has ended
	present  bool          // there is one
	unwatch  func() bool   // while Up: keeps lost from being called
	kept     bool          // it was up once, and is kept up from then on
	failures int           // starts that have failed
	wanted   int           // how many wait for it
	rests    bool          // the start that goes on waits for the end of another session
	changed  chan struct{} // closed and replaced whenever something above changes; nil if nobody waits
	notifier notifier
	base     context.Context // ends at Stop; nil before the first start
	cancel   context.CancelFunc
	work     sync.WaitGroup
	closing  atomic.Bool // Stop was called

	// For the goroutine that runs, one at a time.
	next  int // the router that is due
	claim Claim
	pause *backoff.ExponentialBackOff
	woken chan struct{} // somebody wants the session
}

// Configure calls set, which may change fields, while no other method looks at them. It must not call the Keeper.
func (k *Keeper[L]) Configure(set func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set()
}

// Status returns how the session is at this moment.
func (k *Keeper[L]) Status() dialer.Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.snapshot()
}

func (k *Keeper[L]) snapshot() dialer.Status {
	st := k.status
	if k.Fill != nil {
		k.Fill(&st)
	}
	return st
}

// set enters a state and wakes all who wait. The caller holds mu.
func (k *Keeper[L]) set(state dialer.State, err error) {
	if err != nil {
		k.status.Err = err
	}
	if k.status.State != state && k.status.State != dialer.Closed {
		k.status.State, k.status.Since = state, time.Now()
		k.notifier.tell(k.StatusChanged, k.snapshot())
	}
	if k.changed != nil {
		close(k.changed)
		k.changed = nil
	}
}

// Closed reports whether Stop was called.
func (k *Keeper[L]) Closed() bool { return k.closing.Load() }

// Note keeps a failure that is not the end of the session as the last one.
func (k *Keeper[L]) Note(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.status.Err = err
}

// Live returns the session that is up, or is being ended, if there is one.
func (k *Keeper[L]) Live() (l L, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.live, k.present
}

// end ends a session and forgets it.
func (k *Keeper[L]) end(l L, why error) {
	l.End(why)
	rest := k.Settle
	if errors.Is(why, dialer.ErrSessionClosed) {
		rest = l.Rest()
	}
	k.claim.Rest(rest)
	k.mu.Lock()
	defer k.mu.Unlock()
	var none L
	k.live, k.present = none, false
}

// Await returns the session, starting it if need be. As long as it was never up, a start that fails
// is the error of all who wait for it.
func (k *Keeper[L]) Await(ctx context.Context) (none L, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for failures := k.failures; ; {
		switch {
		case k.status.State == dialer.Closed:
			return none, dialer.ErrSessionClosed
		case k.status.State == dialer.Up && k.live.Context().Err() == nil:
			return k.live, nil
		case k.failures != failures && !k.kept:
			return none, k.status.Err
		case k.status.State == dialer.Idle:
			k.begin()
		}
		if err := k.wait(ctx); err != nil {
			return none, err
		}
	}
}

// wait returns when something has changed, or with an error when ctx has ended. The caller holds mu.
func (k *Keeper[L]) wait(ctx context.Context) error {
	if k.changed == nil {
		k.changed = make(chan struct{})
	}
	changed := k.changed
	k.wanted++
	select {
	case k.woken <- struct{}{}:
	default:
	}
	k.mu.Unlock()
	defer func() { k.mu.Lock(); k.wanted-- }()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
	}
	k.mu.Lock()
	last := k.status.Err
	if last == nil && k.rests {
		last = errRests
	}
	k.mu.Unlock()
	return waitError(ctx, last)
}

// begin makes the first start, or another one after that has failed. The caller holds mu.
func (k *Keeper[L]) begin() {
	if k.base == nil {
		k.base, k.cancel = context.WithCancel(context.Background())
		k.woken = make(chan struct{}, 1)
		k.pause = newPause()
	}
	if k.Logger == nil {
		k.Logger = slog.New(slog.DiscardHandler)
	}
	k.status.Attempts = 0
	k.set(dialer.Starting, nil)
	k.work.Go(k.run)
}

// Stop makes the state Closed, for good. It reports whether it was not yet.
func (k *Keeper[L]) Stop() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.status.State == dialer.Closed {
		return false
	}
	k.closing.Store(true)
	k.claim.Closing()
	k.set(dialer.Closed, nil)
	return true
}

// Wait ends the session that is up, after Stop, and returns when nothing is left of any.
func (k *Keeper[L]) Wait() {
	k.mu.Lock()
	live, unwatch, cancel := k.live, k.unwatch, k.cancel
	k.unwatch = nil
	k.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	if unwatch != nil && unwatch() {
		k.end(live, dialer.ErrSessionClosed)
		k.work.Done()
	}
	k.work.Wait()
	k.claim.Release()
}
