package etcdkeys

import (
	"context"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// restTime is how long a destination rests between an owner that has given it back and the next: i2pd keeps it for 5 s
// after the end of a session, and the next owner may use another router. In whole seconds.
var restTime = 7 * time.Second // tests have less

func isDestination(claim string) bool { return strings.HasPrefix(claim, ".") }

// restingRecord returns what an owner that gives a destination back leaves in the place of its record: one that makes the next
// owner wait, and that etcd removes by itself when that is no longer needed.
func (s *Store) restingRecord(ctx context.Context, held string) (clientv3.Op, error) {
	bounded, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	seconds := int64(restTime / time.Second)
	grant, err := s.Client.Grant(bounded, seconds)
	if err != nil {
		return clientv3.Op{}, s.unanswered(ctx, err)
	}
	return clientv3.OpPut(held, record{Host: s.Host, TTL: seconds}.String(), clientv3.WithLease(grant.ID)), nil
}
