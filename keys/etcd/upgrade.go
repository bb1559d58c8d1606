package etcdkeys

import (
	"context"
	"errors"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

// upgrade seals the values of a former version with their names, and then says so in the mark. Each is replaced if it
// is still the one that was read. What cannot be
// read stays. No claim is needed: the identities are the same afterwards.
func (s *Store) upgrade(ctx context.Context, mark *mvccpb.KeyValue) error {
	for _, part := range []string{"id/", "old/"} {
		resp, err := s.txn(ctx, nil, clientv3.OpGet(s.root()+part, clientv3.WithPrefix()))
		if err != nil {
			return err
		}
		for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
			name := strings.TrimPrefix(string(kv.Key), s.root()+part)
			if err := s.upgradeValue(ctx, name, kv); err != nil {
				return err
			}
		}
	}
	fresh, err := s.newMark(ctx)
	if err != nil {
		return err
	}
	// Whoever is first decides on the key.
	if _, err = s.txn(ctx, []clientv3.Cmp{same(string(mark.Key), mark)}, clientv3.OpPut(string(mark.Key), string(fresh))); err != nil {
		return err
	}
	return s.checkSealer(ctx)
}

func (s *Store) upgradeValue(ctx context.Context, name string, kv *mvccpb.KeyValue) error {
	if _, err := keys.OpenIdentity(ctx, s.Sealer, name, kv.Value, false); !errors.Is(err, keys.ErrAltered) {
		return ctx.Err() // it has a name already, or cannot be read
	}
	id, err := keys.OpenIdentity(ctx, s.Sealer, name, kv.Value, true)
	if err != nil {
		return ctx.Err() // it has another name
	}
	value, err := keys.SealIdentity(ctx, s.Sealer, name, id)
	if err != nil {
		return err
	}
	resp, err := s.txn(ctx, []clientv3.Cmp{same(string(kv.Key), kv)}, clientv3.OpPut(string(kv.Key), string(value)))
	if err != nil || resp.Succeeded {
		return err
	}
	if kv, err = s.get(ctx, string(kv.Key)); err != nil || kv == nil {
		return err
	}
	return s.upgradeValue(ctx, name, kv) // another host has changed it
}
