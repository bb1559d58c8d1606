package etcdkeys

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// doubt gives back what may be in etcd of a claim whose answer was lost. If that is not answered either, it is done
// again with each renewal: the lease would keep the claim for ever, and the name from everybody.
func (s *Store) doubt(ctx context.Context, name string, lease clientv3.LeaseID) {
	s.mu.Lock()
	if s.doubtful == nil {
		s.doubtful = make(map[string]bool)
	}
	s.doubtful[name] = true
	s.mu.Unlock()
	if s.drop(ctx, name, lease) == nil {
		s.certain(name)
	}
}

func (s *Store) certain(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.doubtful, name)
}

// resolve ends the doubts, but for names that an operation has in its hands: that one looks itself.
func (s *Store) resolve(ctx context.Context, lease clientv3.LeaseID) {
	s.mu.Lock()
	names := make([]string, 0, len(s.doubtful))
	for name := range s.doubtful {
		names = append(names, name)
	}
	s.mu.Unlock()
	for _, name := range names {
		done, ok := s.turns.try(name)
		if !ok {
			continue
		}
		if s.claimOf(name) != nil || s.drop(ctx, name, lease) == nil {
			s.certain(name)
		}
		done()
	}
}
