package etcdkeys

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const beatsPerTTL = 6

// session is a lease and the goroutine that keeps it. All claims of a Store go with one.
type session struct {
	lease   clientv3.LeaseID
	seconds int64 // the TTL
	cancel  context.CancelFunc
	done    chan struct{} // closed when the goroutine has ended
}

func (se *session) ttl() time.Duration { return time.Duration(se.seconds) * time.Second }

// deadline is when an owner that has heard nothing since gives up: two thirds of
// the TTL after it began to ask. Of the two clocks the faster counts: the monotonic
// one stands still while a host sleeps, the wall clock is set by hand.
type deadline struct{ mono, wall time.Time }

func deadlineAfter(asked time.Time, ttl time.Duration) deadline {
	end := asked.Add(ttl * 2 / 3)
	return deadline{end, end.Round(0)}
}

func (d deadline) past(now time.Time) bool {
	return !now.Before(d.mono) || !now.Round(0).Before(d.wall)
}

// begin returns the session, which it starts if there is none.
func (s *Store) begin(ctx context.Context) (*session, error) {
	done, err := s.turns.take(ctx, "") // "" is not the name of an identity
	if err != nil {
		return nil, err
	}
	defer done()
	s.mu.Lock()
	se, ended := s.session, s.ended
	s.mu.Unlock()
	if se != nil || ended != nil {
		return se, ended
	}
	asked := time.Now()
	bounded, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	grant, err := s.Client.Grant(bounded, int64((s.ttl()+time.Second-1)/time.Second))
	if err != nil {
		return nil, s.unanswered(ctx, err)
	}
	life, cancel := context.WithCancel(context.Background())
	se = &session{lease: grant.ID, seconds: grant.TTL, cancel: cancel, done: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		cancel()
		return nil, s.ended
	}
	s.session = se
	go s.keep(life, se, asked)
	return se, nil
}

// keep proves the ownership again and again, and ends it when it cannot.
func (s *Store) keep(ctx context.Context, se *session, asked time.Time) {
	defer close(se.done)
	end := deadlineAfter(asked, se.ttl())
	lapse := time.NewTimer(time.Until(end.mono))
	defer lapse.Stop()
	tick := time.NewTicker(se.ttl() / (4 * beatsPerTTL))
	defer tick.Stop()
	proved := make(chan error, 1)
	beating := false
	why := ""
	for why == "" {
		select {
		case <-ctx.Done():
			why = "closed"
		case <-lapse.C:
			why = "etcd could not be asked in time"
		case now := <-tick.C:
			if end.past(now) {
				why = "etcd was not asked in time: the host slept, or its clock was set"
			} else if !beating && now.Sub(asked) >= se.ttl()/beatsPerTTL {
				beating, asked = true, now
				go func() {
					err := s.prove(ctx, se)
					proved <- err // what follows may take its time, and must hold up no loss
					if err != nil && !errors.Is(err, ErrLost) {
						s.logger().Debug("etcd could not be asked", "error", err)
					}
				}()
			}
		case err := <-proved:
			beating = false
			switch {
			case err == nil && !end.past(time.Now()):
				end = deadlineAfter(asked, se.ttl())
				lapse.Reset(time.Until(end.mono))
			case errors.Is(err, ErrLost):
				why = err.Error()
			}
		}
	}
	s.loseSession(se, why)
	se.cancel()
	if beating {
		<-proved
	}
}

// loseSession ends the Store if it owns anything, else it forgets the session.
func (s *Store) loseSession(se *session, why string) {
	s.mu.Lock()
	owned := len(s.claims)
	if s.session != se || s.ended != nil {
		owned = 0
	} else if owned == 0 {
		s.session = nil // nothing was lost; the next claim starts another
	} else {
		s.endLocked(ErrLost)
	}
	s.mu.Unlock()
	if owned > 0 {
		s.logLoss(owned, why)
	}
}

// lose ends the Store and returns why no method works any more.
func (s *Store) lose(why string) error {
	s.mu.Lock()
	owned, first := len(s.claims), s.ended == nil
	if first {
		s.endLocked(ErrLost)
	}
	ended := s.ended
	s.mu.Unlock()
	if first {
		s.logLoss(owned, why)
	}
	return ended
}

func (s *Store) logLoss(owned int, why string) {
	s.logger().Warn("ownership of identities lost", "identities", owned, "cause", why)
}

// endLocked tells everybody. The first reason stays, but Close comes after all.
func (s *Store) endLocked(why error) {
	lost := s.lostLocked()
	if s.ended == nil {
		close(lost)
	}
	if s.session != nil {
		s.session.cancel()
	}
	s.ended = why
}

// Lost returns a channel that is closed when this Store has lost what it owns, or
// is closed. Close whatever uses the identities at once, and then the Store:
// another host waits a third of the TTL, and no more, after this.
func (s *Store) Lost() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lostLocked()
}

func (s *Store) lostLocked() chan struct{} {
	if s.lost == nil {
		s.lost = make(chan struct{})
	}
	return s.lost
}

// stop ends the goroutine of a session, and the lease.
func (s *Store) stop(ctx context.Context, se *session) error {
	se.cancel()
	<-se.done
	_, err := s.Client.Revoke(ctx, se.lease)
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return nil
	}
	return err
}
