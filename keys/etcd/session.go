package etcdkeys

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	beatsPerTTL = 6
	maxCompares = 100 // etcd takes 128 in a transaction
)

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
				go func() { proved <- s.prove(ctx, se) }()
			}
		case err := <-proved:
			beating = false
			switch {
			case err == nil && !end.past(time.Now()):
				end = deadlineAfter(asked, se.ttl())
				lapse.Reset(time.Until(end.mono))
			case errors.Is(err, ErrLost):
				why = err.Error()
			case err != nil:
				s.logger().Debug("etcd could not be asked", "error", err)
			}
		}
	}
	s.loseSession(se, why)
	se.cancel()
	if beating {
		<-proved
	}
}

// prove renews the lease, and then makes sure that the claims are there. The order
// matters: a leader of etcd that was voted out may still renew, but not be read through.
func (s *Store) prove(ctx context.Context, se *session) error {
	ctx, cancel := context.WithTimeout(ctx, min(s.timeout(), se.ttl()/beatsPerTTL))
	defer cancel()
	if err := s.renew(ctx, se.lease); err != nil {
		return err
	}
	for {
		s.mu.Lock()
		claims, released := slices.Collect(maps.Values(s.claims)), s.released
		s.mu.Unlock()
		all, err := s.standing(ctx, claims)
		if err != nil || all {
			return err
		}
		s.mu.Lock()
		changed := s.released != released
		s.mu.Unlock()
		if !changed {
			return fmt.Errorf("%w: a claim is gone", ErrLost)
		}
	}
}

// renew asks once. The client's own ways do not tell when they asked, or ask
// without a pause while there is nobody.
func (s *Store) renew(ctx context.Context, lease clientv3.LeaseID) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stream
	stream, err := pb.NewLeaseClient(s.Client.ActiveConnection()).LeaseKeepAlive(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: int64(lease)}); err != nil {
		return err
	}
	resp, err := stream.Recv()
	if err == nil && resp.GetTTL() <= 0 {
		err = fmt.Errorf("%w: the lease has ended", ErrLost)
	}
	return err
}

// standing reads through a quorum whether all claims are there.
func (s *Store) standing(ctx context.Context, claims []*claim) (bool, error) {
	for some := range slices.Chunk(claims, maxCompares) {
		var cmps []clientv3.Cmp
		for _, c := range some {
			cmps = append(cmps, c.holds(s.keyOf(c.name)))
		}
		resp, err := s.txn(ctx, cmps, clientv3.OpGet(s.keyOf(some[0].name).claim, clientv3.WithKeysOnly()))
		if err != nil || !resp.Succeeded {
			return false, err
		}
	}
	return true, nil
}

// loseSession ends the Store if it owns anything, else it forgets the session.
func (s *Store) loseSession(se *session, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != se || s.ended != nil {
		return
	}
	if len(s.claims) == 0 {
		s.session = nil // nothing was lost; the next claim starts another
		return
	}
	s.loseLocked(why)
}

// lose ends the Store and returns why no method works any more.
func (s *Store) lose(why string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.loseLocked(why)
	}
	return s.ended
}

func (s *Store) loseLocked(why string) {
	s.endLocked(ErrLost)
	s.logger().Warn("ownership of identities lost", "identities", len(s.claims), "cause", why)
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
