package etcdkeys

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

// Rename implements [keys.Archive]. If this Store owns from, it owns to afterwards
// in place of it, and still all that it has given out, retired identities of from too.
func (s *Store) Rename(ctx context.Context, from, to string) error {
	if keys.ValidName(from) && !keys.ValidName(to) {
		return &keys.StoreError{Op: "rename", Name: from, Err: keys.ErrName}
	}
	return s.do(ctx, "rename", []string{from, to}, func() error {
		live := s.claimOf(from)
		err := s.owning(ctx, from, false, mustExist, func(old *claim, p place) error {
			value, err := s.reseal(ctx, p.id.Value, from, to)
			if err != nil {
				return err
			}
			return s.owning(ctx, to, live != nil, mustNotExist, func(c *claim, _ place) error {
				a, b := s.keyOf(from), s.keyOf(to)
				err := s.write(ctx, []*claim{old, c}, []clientv3.Cmp{same(a.id, p.id), absent(b.id)},
					clientv3.OpDelete(a.id), clientv3.OpDelete(a.meta),
					clientv3.OpPut(b.id, value), putMeta(b.meta, p.meta))
				if err == nil && live != nil {
					s.inherit(live, c)
				}
				return err
			})
		})
		if err == nil && live != nil {
			err = s.release(ctx, live, true)
		}
		return err
	})
}

// Replace implements [keys.Archive]. If this Store owns name, it owns the new identity too, and still what it has
// given out.
func (s *Store) Replace(ctx context.Context, name string, id keys.Identity) error {
	return s.do(ctx, "replace", []string{name}, func() error {
		value, err := s.seal(ctx, name, id)
		if err == nil {
			err = s.markSealer(ctx)
		}
		if err != nil {
			return err
		}
		return s.owning(ctx, name, false, mustExist, func(c *claim, p place) error {
			if err := s.serve(ctx, c, id); err != nil {
				return err
			}
			k := s.keyOf(name)
			cmps, ops, err := s.retire(ctx, name, p)
			if err != nil {
				return err
			}
			ops = append(ops, clientv3.OpPut(k.id, value), clientv3.OpPut(k.meta, newMeta(parseMeta(p.meta.GetValue()).Label)))
			return s.write(ctx, []*claim{c}, cmps, ops...)
		})
	})
}

// Retire implements [keys.Archive].
func (s *Store) Retire(ctx context.Context, name string) error {
	return s.do(ctx, "retire", []string{name}, func() error {
		return s.owning(ctx, name, false, mustExist, func(c *claim, p place) error {
			k := s.keyOf(name)
			cmps, ops, err := s.retire(ctx, name, p)
			if err != nil {
				return err
			}
			ops = append(ops, clientv3.OpDelete(k.id), clientv3.OpDelete(k.meta))
			return s.write(ctx, []*claim{c}, cmps, ops...)
		})
	})
}

// retire keeps the identity at p among the retired ones, later than all of them.
func (s *Store) retire(ctx context.Context, name string, p place) ([]clientv3.Cmp, []clientv3.Op, error) {
	_, latest, err := s.findRetired(ctx, name, time.Time{})
	if err != nil && !isNotExist(err) {
		return nil, nil, err
	}
	at := time.Now().UTC()
	if !at.After(latest) { // clocks differ
		at = latest.Add(1)
	}
	k := s.keyOf(name)
	old := k.old + stamp(at)
	value, err := s.reseal(ctx, p.id.Value, name, retiredName(name, at))
	if err != nil {
		return nil, nil, err
	}
	cmps := []clientv3.Cmp{same(k.id, p.id), absent(old)}
	ops := []clientv3.Op{clientv3.OpPut(old, value), putMeta(k.metaOf(at), p.meta)}
	return cmps, ops, nil
}

// Restore implements [keys.Archive].
func (s *Store) Restore(ctx context.Context, name string, retired time.Time) error {
	return s.do(ctx, "restore", []string{name}, func() error {
		return s.owning(ctx, name, false, mayBe, func(c *claim, p place) error {
			old, at, err := s.findRetired(ctx, name, retired)
			if err != nil {
				return err
			}
			k := s.keyOf(name)
			cmps := []clientv3.Cmp{same(string(old.Key), old)}
			var ops []clientv3.Op
			if p.id != nil {
				retireCmps, retireOps, err := s.retire(ctx, name, p)
				if err != nil {
					return err
				}
				cmps, ops = append(cmps, retireCmps...), retireOps
			}
			meta, err := s.get(ctx, k.metaOf(at))
			if err != nil {
				return err
			}
			value, err := s.reseal(ctx, old.Value, retiredName(name, at), name)
			if err != nil {
				return err
			}
			ops = append(ops, clientv3.OpDelete(string(old.Key)), clientv3.OpDelete(k.metaOf(at)),
				clientv3.OpPut(k.id, value), putMeta(k.meta, meta))
			return s.write(ctx, []*claim{c}, cmps, ops...)
		})
	})
}

// LoadRetired implements [keys.Archive], with the errors of [Store.Load]. It makes
// this Store the owner of name: old and new address are of one host.
func (s *Store) LoadRetired(ctx context.Context, name string, retired time.Time) (id keys.Identity, err error) {
	err = s.do(ctx, "load", []string{name}, func() error {
		return s.owning(ctx, name, true, mayBe, func(c *claim, _ place) error {
			old, at, err := s.findRetired(ctx, name, retired)
			if err != nil {
				return err
			}
			if id, err = s.open(ctx, retiredName(name, at), old.Value); err != nil {
				return err
			}
			return s.serve(ctx, c, id)
		})
	})
	if err != nil {
		return keys.Identity{}, err
	}
	return id, nil
}

// Purge implements [keys.Archive].
func (s *Store) Purge(ctx context.Context, name string) error {
	return s.do(ctx, "purge", []string{name}, func() error {
		return s.owning(ctx, name, false, mayBe, func(c *claim, _ place) error {
			k := s.keyOf(name)
			return s.write(ctx, []*claim{c}, nil, clientv3.OpDelete(k.old, clientv3.WithPrefix()),
				clientv3.OpDelete(k.meta+"/", clientv3.WithPrefix()))
		})
	})
}

func mayBe(place) error { return nil }

// findRetired returns a retired identity, the latest if at is zero, and its time.
func (s *Store) findRetired(ctx context.Context, name string, at time.Time) (*mvccpb.KeyValue, time.Time, error) {
	k := s.keyOf(name)
	op := clientv3.OpGet(k.old, append(clientv3.WithLastKey(), clientv3.WithPrefix())...)
	if !at.IsZero() {
		op = clientv3.OpGet(k.old + stamp(at))
	}
	resp, err := s.txn(ctx, nil, op)
	if err != nil {
		return nil, time.Time{}, err
	}
	kv := first(resp, 0)
	if kv == nil {
		return nil, time.Time{}, fs.ErrNotExist
	}
	at, ok := parseStamp(string(kv.Key)[len(k.old):])
	if !ok {
		return nil, time.Time{}, fmt.Errorf("%w: time of a retired identity", keys.ErrMalformed)
	}
	return kv, at, nil
}

func (s *Store) get(ctx context.Context, key string) (*mvccpb.KeyValue, error) {
	resp, err := s.txn(ctx, nil, clientv3.OpGet(key))
	if err != nil {
		return nil, err
	}
	return first(resp, 0), nil
}

// putMeta writes a meta as it was, or a new one if it is missing.
func putMeta(key string, was *mvccpb.KeyValue) clientv3.Op {
	if was == nil {
		return clientv3.OpPut(key, newMeta(""))
	}
	return clientv3.OpPut(key, string(was.Value))
}
