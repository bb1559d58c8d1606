package keeper

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/go-i2p/i2psocks/dialer"
)

const (
	// tries is how often a session is tried whose identity the router says to be in use.
	tries = 4
	// stable is how long a session must live not to count as a failure.
	stable = time.Minute
	// soon is how long a pause may be while somebody waits for the session.
	soon = 4 * time.Second
)

func newPause() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff() // 0.5 s, with jitter
	b.Multiplier = 2
	b.MaxInterval = time.Minute
	return b
}

// Unsettled is a failure of a start after which the router may hold the identity until it notices
// that its client is gone.
type Unsettled struct{ Err error }

// Error returns the text of the failure.
func (u *Unsettled) Error() string { return u.Err.Error() }

// Unwrap returns the failure.
func (u *Unsettled) Unwrap() error { return u.Err }

// run starts sessions until one is up, the first start has failed, or Stop.
func (k *Keeper[L]) run() {
	for k.base.Err() == nil {
		l, err := k.startAny()
		if err == nil {
			k.publish(l)
			return
		}
		if k.base.Err() == nil {
			k.Logger.Warn("i2p session not created", "err", err)
		}
		if k.failed(err) {
			return
		}
		k.pauseFor(k.pause.NextBackOff())
	}
}

// failed notes that a start has failed, and reports whether to leave it at that.
func (k *Keeper[L]) failed(err error) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failures++
	if k.kept {
		k.set(dialer.Down, err)
		return false
	}
	k.claim.Release()
	k.set(dialer.Idle, err)
	return true
}

// publish gives the session to those who wait. A session that comes after Stop ends at once.
func (k *Keeper[L]) publish(l L) {
	if k.Ready != nil {
		k.Ready(l)
	}
	router := l.Router()
	if !k.show(l, router) {
		k.end(l, dialer.ErrSessionClosed)
		return
	}
	k.Logger.Info("i2p session up", "router", router)
}

// show is what of publish needs the lock. It is false after Stop.
func (k *Keeper[L]) show(l L, router string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.status.State == dialer.Closed {
		return false
	}
	k.kept, k.live, k.present = true, l, true
	k.status.Attempts, k.status.Router = 0, router
	k.work.Add(1)
	k.unwatch = context.AfterFunc(l.Context(), func() {
		defer k.work.Done()
		k.lost(l)
	})
	k.set(dialer.Up, nil)
	return true
}

// lost ends a session that can be used no more, and makes the next one.
func (k *Keeper[L]) lost(l L) {
	why := context.Cause(l.Context())
	k.mu.Lock()
	wanted := k.status.State != dialer.Closed
	lived := time.Since(k.status.Since)
	k.unwatch = nil
	k.set(dialer.Down, why)
	k.mu.Unlock()
	if wanted {
		k.Logger.Warn("i2p session lost", "err", why)
	}
	k.end(l, why)
	k.advance()
	if lived >= stable {
		k.pause.Reset()
	}
	k.pauseFor(k.pause.NextBackOff())
	k.run()
}

// pauseFor waits for d, or while somebody waits for the session no longer than soon, unless Stop is called.
func (k *Keeper[L]) pauseFor(d time.Duration) {
	begin := time.Now()
	for {
		k.mu.Lock()
		limit := d
		if k.wanted > 0 {
			limit = min(limit, soon)
		}
		k.mu.Unlock()
		left := time.NewTimer(limit - time.Since(begin))
		select {
		case <-left.C:
			return
		case <-k.base.Done():
			left.Stop()
			return
		case <-k.woken:
			left.Stop()
		}
	}
}

func (k *Keeper[L]) advance() { k.next = (k.next + 1) % k.Routers }

// startAny makes a session on the first router, from the one that is due, that can. A router that
// has the identity in use is not passed over, as the identity would then live on two.
func (k *Keeper[L]) startAny() (none L, first error) {
	for range k.Routers {
		l, err := k.start(k.next)
		switch {
		case err == nil:
			return l, nil
		case errors.Is(err, dialer.ErrIdentityInUse):
			return none, err
		case first == nil:
			first = err
		}
		k.advance()
		if k.base.Err() != nil {
			break
		}
	}
	return none, first
}

// start makes a session on one router, giving it time to forget the one before.
func (k *Keeper[L]) start(router int) (L, error) {
	for try := 1; ; try++ {
		l, err := k.startOwn(router)
		if err == nil || err == errClaimed || !errors.Is(err, dialer.ErrIdentityInUse) || try == tries || k.base.Err() != nil {
			return l, err
		}
		k.Logger.Info("i2p identity still in use, waiting", "wait", k.Settle)
	}
}

// startOwn makes a session if no other Keeper has the identity, when no router may have it any more.
func (k *Keeper[L]) startOwn(router int) (none L, err error) {
	err = k.claim.Take(k.base, k.Identity, func() { k.resting(true) })
	k.resting(false)
	if err != nil {
		return none, err
	}
	k.mu.Lock()
	k.status.Attempts++
	k.mu.Unlock()
	l, err := k.Start(k.base, router)
	if _, held := errors.AsType[*Unsettled](err); held || errors.Is(err, dialer.ErrIdentityInUse) {
		k.claim.Rest(k.Settle)
	}
	return l, err
}

// resting notes whether the start waits for the end of another session, for the errors of those who wait for it.
func (k *Keeper[L]) resting(yes bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rests = yes
}
