package etcdkeys

import (
	"context"
	"fmt"
	"maps"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const maxCompares = 100 // etcd takes 128 in a transaction

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
		if err != nil {
			return err
		}
		if all {
			s.resolve(ctx, se.lease)
			return nil
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
