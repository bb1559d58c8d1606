package etcdkeys

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

// Label implements [keys.Labeler]. It owns nothing.
func (s *Store) Label(ctx context.Context, name string) (label string, err error) {
	err = s.do(ctx, "label", []string{name}, func() error {
		p, err := s.look(ctx, name)
		if err == nil {
			err = mustExist(p)
		}
		label = parseMeta(p.meta.GetValue()).Label
		return err
	})
	return label, err
}

// SetLabel implements [keys.Labeler].
func (s *Store) SetLabel(ctx context.Context, name, label string) error {
	return s.do(ctx, "setlabel", []string{name}, func() error {
		if !keys.ValidLabel(label) {
			return keys.ErrLabel
		}
		return s.owning(ctx, name, false, mustExist, func(c *claim, p place) error {
			m := parseMeta(p.meta.GetValue())
			m.Label = label
			k := s.keyOf(name)
			return s.write(ctx, []*claim{c}, []clientv3.Cmp{same(k.id, p.id)}, clientv3.OpPut(k.meta, m.String()))
		})
	})
}
