package etcdkeys

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// maxPoll is how long to rely on a watch, which may have broken unnoticed.
const maxPoll = 10 * time.Second

// Acquire makes this Store the owner of name, of which there need be no identity
// yet. While another host is the owner, or etcd is out of reach, it waits. It
// returns other errors at once, such as [keys.ErrPassphrase].
func (s *Store) Acquire(ctx context.Context, name string) error {
	for {
		var seen place
		err := s.do(ctx, "acquire", []string{name}, func() error {
			any := func(p place) error { seen = p; return nil }
			return s.owning(ctx, name, true, any, func(*claim, place) error { return nil })
		})
		if err == nil || ctx.Err() != nil || !errors.Is(err, ErrOwned) && !transient(err) {
			return err
		}
		s.await(ctx, name, seen.revision)
	}
}

// await waits until the claim on name may have gone.
func (s *Store) await(ctx context.Context, name string, revision int64) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	poll := time.NewTimer(min(maxPoll, s.ttl()/3))
	defer poll.Stop()
	var events clientv3.WatchChan
	if revision > 0 {
		events = s.Client.Watch(clientv3.WithRequireLeader(ctx), s.keyOf(name).claim, clientv3.WithRev(revision+1))
	}
	for {
		select {
		case resp, ok := <-events:
			if !ok || resp.Err() != nil {
				events = nil // and poll, not to ask in a circle
			}
			for _, event := range resp.Events {
				if event.Type == mvccpb.Event_DELETE {
					return
				}
			}
		case <-poll.C:
			return
		case <-s.Lost():
			return
		case <-ctx.Done():
			return
		}
	}
}
