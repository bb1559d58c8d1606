package sam

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/go-i2p/i2psocks/dialer"
)

// settle is how long a destination must rest between two sessions: i2pd keeps it for 5 s and would
// destroy it under the new one, Java I2P blocks it for as long.
const settle = 7 * time.Second

// createTries is how often a session is tried whose identity the router says to be in use.
const createTries = 4

// stable is how long a session must live not to count as a failure.
const stable = time.Minute

// owner is one goroutine that starts the session and, once it was up, keeps it up.
type owner struct{ err error } // why it gave up; guarded by Session.mu

// start makes sure that the session has an owner. The caller holds mu.
func (s *Session) start() *owner {
	if s.owner == nil {
		s.owner = new(owner)
		s.status.Attempts = 0
		s.set(dialer.Starting, nil)
		s.done.Add(1)
		go func(o *owner) {
			defer s.done.Done()
			s.own(o)
		}(s.owner)
	}
	return s.owner
}

// own runs until the first start fails or the session is closed.
func (s *Session) own(o *owner) {
	pause := backoff.NewExponentialBackOff() // 0.5 s, times 1.5, with jitter
	pause.Multiplier = 2
	pause.MaxInterval = time.Minute
	for wasUp := false; s.ctx.Err() == nil; {
		l, err := s.connectAny()
		if err != nil {
			s.Logger.Warn("i2p session not created", "err", err)
			if !wasUp {
				s.giveUp(o, err)
				return
			}
			s.lost(err)
			sleep(s.ctx, pause.NextBackOff())
			continue
		}
		wasUp = true
		s.publish(l)
		begin := time.Now()
		err = l.run(s.ctx)
		s.unpublish(l, err)
		s.at.advance()
		if time.Since(begin) >= stable {
			pause.Reset()
		}
		sleep(s.ctx, max(settle, pause.NextBackOff()))
	}
}

// connect creates the session, giving a router time to forget the one before.
func (s *Session) connect(b bridge) (*live, error) {
	for try := 1; ; try++ {
		s.mu.Lock()
		s.status.Attempts++
		s.mu.Unlock()
		c, err := b.create(s.ctx, s.Identity, s.style, s.params)
		if err == nil {
			return newLive(s, c), nil
		}
		if !errors.Is(err, dialer.ErrIdentityInUse) || try == createTries {
			return nil, err
		}
		s.Logger.Info("i2p identity still in use, waiting", "wait", settle)
		sleep(s.ctx, settle)
	}
}

func (s *Session) giveUp(o *owner, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.err = err
	s.owner = nil
	s.set(dialer.Idle, err)
}

func (s *Session) lost(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(dialer.Down, err)
}

func (s *Session) publish(l *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = l
	s.status.Attempts = 0
	s.status.Router = l.control.router.String()
	s.set(dialer.Up, nil)
	s.acceptor.serve(l)
	s.Logger.Info("i2p session up", "router", s.status.Router)
}

func (s *Session) unpublish(l *live, err error) {
	s.mu.Lock()
	s.live = nil
	s.set(dialer.Down, err)
	if !s.closed {
		s.Logger.Warn("i2p session lost", "err", err)
	}
	s.mu.Unlock()
	l.close()
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// waitError says that ctx ended while the session was not up, and why it was not.
func waitError(ctx context.Context, last error) error {
	err := contextError(ctx)
	if last == nil {
		return fmt.Errorf("session is not up yet: %w", err)
	}
	return fmt.Errorf("session is not up (%v): %w", last, err)
}
