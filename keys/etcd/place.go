package etcdkeys

import (
	"context"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// What is in etcd, below the prefix:
//
//	sealed            what all values are sealed with, see checkSealer
//	id/NAME           the identity, sealed
//	meta/NAME         when it was saved, and its label
//	old/NAME/TIME     a retired identity
//	meta/NAME/TIME    its meta
//	claim/NAME        who owns the name; goes with the owner's lease
//	held/NAME         the same; goes when the owner gives it back
//	claim/.HASH       who has given out a destination; and held/.HASH
type keyspace struct{ id, meta, claim, held, old string }

func (s *Store) root() string {
	if s.Prefix == "" {
		return defaultPrefix + "/"
	}
	return strings.TrimSuffix(s.Prefix, "/") + "/"
}

func (s *Store) keyOf(name string) keyspace {
	r := s.root()
	return keyspace{r + "id/" + name, r + "meta/" + name, r + "claim/" + name, r + "held/" + name, r + "old/" + name + "/"}
}

// place is all that is known of a name at one revision; what is not there is nil.
type place struct {
	id, meta, claim, held *mvccpb.KeyValue
	revision              int64
}

func (s *Store) look(ctx context.Context, name string) (place, error) {
	k := s.keyOf(name)
	resp, err := s.txn(ctx, nil, clientv3.OpGet(k.id), clientv3.OpGet(k.meta), clientv3.OpGet(k.claim), clientv3.OpGet(k.held))
	if err != nil {
		return place{}, err
	}
	return place{first(resp, 0), first(resp, 1), first(resp, 2), first(resp, 3), resp.Header.Revision}, nil
}

func first(resp *clientv3.TxnResponse, i int) *mvccpb.KeyValue {
	if kvs := resp.Responses[i].GetResponseRange().Kvs; len(kvs) > 0 {
		return kvs[0]
	}
	return nil
}

// txn does ops if all of cmps hold. There must be one op at least: etcd reads
// without a quorum for a transaction that has none.
func (s *Store) txn(ctx context.Context, cmps []clientv3.Cmp, ops ...clientv3.Op) (*clientv3.TxnResponse, error) {
	bounded, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	resp, err := s.Client.Txn(bounded).If(cmps...).Then(ops...).Commit()
	return resp, s.unanswered(ctx, err)
}

func absent(key string) clientv3.Cmp { return clientv3.Compare(clientv3.CreateRevision(key), "=", 0) }

// same holds while kv, which may be nil, is what key has.
func same(key string, kv *mvccpb.KeyValue) clientv3.Cmp {
	return clientv3.Compare(clientv3.ModRevision(key), "=", kv.GetModRevision())
}
