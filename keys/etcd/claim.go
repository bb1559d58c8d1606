package etcdkeys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// claim is that this Store owns a name. Its fields do not change, but for those
// under the Store's mu.
type claim struct {
	name    string
	created int64 // revision of the key claim/NAME: what is written is fenced by it

	former int64 // the lease of the owner before, who must have noticed

	held    int64           // revision of held/NAME, under mu
	settled bool            // a former owner must have noticed, under mu
	serves  map[string]bool // claims on destinations that were given out by this name, under mu
}

// owning runs f as the owner of name. A name that is not yet owned is claimed
// if need agrees, and given back if f fails or keep is false.
func (s *Store) owning(ctx context.Context, name string, keep bool, need func(place) error, f func(*claim, place) error) error {
	c, p, fresh, err := s.own(ctx, name, 0, need)
	if err != nil {
		return err
	}
	err = f(c, p)
	if err == nil && keep {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.ended // or an identity would go out that is nobody's
	}
	if fresh {
		if backErr := s.release(ctx, c, false); err == nil {
			err = backErr
		}
	}
	return err
}

func (s *Store) own(ctx context.Context, name string, gone int64, need func(place) error) (c *claim, p place, fresh bool, err error) {
	for {
		if p, err = s.look(ctx, name); err != nil {
			return nil, p, false, err
		}
		if c = s.claimOf(name); c != nil && p.claim.GetCreateRevision() != c.created {
			return nil, p, false, s.lose("a claim is gone")
		}
		if err = need(p); err != nil {
			return nil, p, false, err
		}
		if c != nil {
			return c, p, false, nil
		}
		if c, err = s.take(ctx, name, gone, p); c != nil || err != nil {
			return c, p, true, err
		}
	}
}

// take claims name as it was at p. It returns nil if that has to be looked at again. For the owner whose
// lease was gone, nobody needs to wait any more.
func (s *Store) take(ctx context.Context, name string, gone int64, p place) (*claim, error) {
	if p.claim != nil {
		return nil, s.taken(ctx, name, p)
	}
	former := record{}
	if p.held != nil {
		var err error
		if former, err = parseRecord(p.held.Value); err != nil {
			return nil, err
		}
	}
	se, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	rec := record{s.Host, se.seconds, int64(se.lease)}
	if p.held != nil {
		rec.TTL = former.TTL // should this host give up or die while it waits, the next one must still wait for the former owner
	}
	k := s.keyOf(name)
	resp, err := s.txn(ctx, []clientv3.Cmp{absent(k.claim), same(k.held, p.held), same(k.id, p.id)},
		clientv3.OpPut(k.claim, rec.String(), clientv3.WithLease(se.lease)), clientv3.OpPut(k.held, rec.String()))
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		s.loseSession(se, err.Error())
		return nil, nil
	case err != nil:
		s.doubt(ctx, name, se.lease) // it may have been done all the same
		return nil, err
	case !resp.Succeeded:
		return nil, nil
	}
	c := &claim{name: name, created: resp.Header.Revision, former: former.Lease, held: resp.Header.Revision, settled: p.held == nil}
	if !s.add(se, c) {
		return nil, nil
	}
	if c.settled {
		return c, nil
	}
	wait := former.wait()
	if gone != 0 && gone == former.Lease {
		wait = 0
	}
	if err := s.settle(ctx, c, wait, se); err != nil {
		s.release(ctx, c, false)
		return nil, err
	}
	return c, nil
}

// taken tells whose the claim at p is, unless it is one of this Store whose answer was
// lost: that one is dropped, and its record makes the next claim wait.
func (s *Store) taken(ctx context.Context, name string, p place) error {
	s.mu.Lock()
	mine := s.session != nil && clientv3.LeaseID(p.claim.Lease) == s.session.lease
	s.mu.Unlock()
	if mine {
		return s.drop(ctx, name, clientv3.LeaseID(p.claim.Lease))
	}
	owner, _ := parseRecord(p.claim.Value)
	return &OwnedError{Host: owner.Host}
}

// drop removes a claim that is only in etcd.
func (s *Store) drop(ctx context.Context, name string, lease clientv3.LeaseID) error {
	k := s.keyOf(name)
	mine := clientv3.Compare(clientv3.LeaseValue(k.claim), "=", lease)
	_, err := s.txn(context.WithoutCancel(ctx), []clientv3.Cmp{mine}, clientv3.OpDelete(k.claim))
	return err
}

// settle waits until a former owner, who left its record behind, must have
// noticed that it is one no more, however the claim of that one went away.
func (s *Store) settle(ctx context.Context, c *claim, wait time.Duration, se *session) error {
	s.logger().Info("waiting for the former owner of an identity", "for", wait)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.Lost():
		return s.usable(context.Background())
	case <-ctx.Done():
		return ctx.Err()
	}
	k := s.keyOf(c.name)
	resp, err := s.txn(ctx, []clientv3.Cmp{c.holds(k)}, clientv3.OpPut(k.held, record{s.Host, se.seconds, int64(se.lease)}.String()))
	switch {
	case err != nil:
		return err
	case !resp.Succeeded:
		return s.lose("a claim is gone")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.held, c.settled = resp.Header.Revision, true
	return nil
}

func (c *claim) holds(k keyspace) clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(k.claim), "=", c.created)
}

// write does ops if the claims, and cmps, hold.
func (s *Store) write(ctx context.Context, claims []*claim, cmps []clientv3.Cmp, ops ...clientv3.Op) error {
	for _, c := range claims {
		cmps = append(cmps, c.holds(s.keyOf(c.name)))
	}
	resp, err := s.txn(ctx, cmps, ops...)
	if err == nil && !resp.Succeeded {
		// Nobody writes without the claim: it has been lost, or somebody did it by hand.
		err = fmt.Errorf("%w, or etcd was changed by hand", ErrLost)
	}
	return err
}

// Release gives back one name. Another host can own it at once; Load waits for the destination
// if it was given out, for 7 s at most. Close what uses the identity first. It does nothing if the name is not owned.
func (s *Store) Release(ctx context.Context, name string) error {
	return s.do(ctx, "release", []string{name}, func() error {
		if c := s.claimOf(name); c != nil {
			return s.release(ctx, c, true)
		}
		return nil
	})
}

// release gives back even when ctx is over. Destinations go first, as who has the name next wants
// them, and rest unless they were not given out.
func (s *Store) release(ctx context.Context, c *claim, rest bool) error {
	s.mu.Lock()
	if s.claims[c.name] == c {
		delete(s.claims, c.name)
		s.released++
	}
	serves, se := c.serves, s.session
	c.serves = nil
	s.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	destinations := s.releaseDestinations(ctx, serves, rest)
	err := s.giveBack(ctx, c, rest)
	if err != nil && se != nil {
		s.doubt(ctx, c.name, se.lease)
	}
	return errors.Join(err, destinations)
}

// giveBack removes claim and record. The record stays if it is not this owner's,
// or while one before may not have noticed, and for a while if the destination rests.
func (s *Store) giveBack(ctx context.Context, c *claim, rest bool) error {
	s.mu.Lock()
	held, settled := c.held, c.settled
	s.mu.Unlock()
	k := s.keyOf(c.name)
	if !settled {
		_, err := s.txn(ctx, []clientv3.Cmp{c.holds(k)}, clientv3.OpDelete(k.claim))
		return err
	}
	record := clientv3.OpDelete(k.held)
	if rest && isDestination(c.name) {
		var err error
		if record, err = s.restingRecord(ctx, k.held); err != nil {
			return err
		}
	}
	// If the record is ours, the claim is too, or it has run out.
	mine := clientv3.Compare(clientv3.ModRevision(k.held), "=", held)
	_, err := s.txn(ctx, []clientv3.Cmp{mine}, clientv3.OpDelete(k.claim), record)
	return err
}

func (s *Store) claimOf(name string) *claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claims[name]
}

// add makes c one of the claims that the session proves, unless that has ended.
func (s *Store) add(se *session, c *claim) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil || s.session != se {
		return false
	}
	if s.claims == nil {
		s.claims = make(map[string]*claim)
	}
	s.claims[c.name] = c
	return true
}
