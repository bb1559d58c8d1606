package etcdkeys

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

// The time in the key of a retired identity, in UTC; as text it sorts like the time.
const stampLayout = "20060102T150405.000000000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

func parseStamp(text string) (time.Time, bool) {
	t, err := time.Parse(stampLayout, text)
	return t, err == nil && stamp(t) == text
}

func (k keyspace) metaOf(retired time.Time) string { return k.meta + "/" + stamp(retired) }

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Names implements [keys.Store]. It owns nothing.
func (s *Store) Names(ctx context.Context) (names []string, err error) {
	list, err := s.list(ctx, "names")
	for _, e := range list {
		if e.Retired.IsZero() {
			names = append(names, e.Name)
		}
	}
	return names, err
}

// List implements [keys.Archive]. It owns nothing.
func (s *Store) List(ctx context.Context) ([]keys.Entry, error) { return s.list(ctx, "list") }

func (s *Store) list(ctx context.Context, op string) ([]keys.Entry, error) {
	err := s.usable(ctx)
	var resp *clientv3.TxnResponse
	below := func(part string, opts ...clientv3.OpOption) clientv3.Op {
		return clientv3.OpGet(s.root()+part, append(opts, clientv3.WithPrefix())...)
	}
	if err == nil {
		resp, err = s.txn(ctx, nil, below("id/", clientv3.WithKeysOnly()), below("old/", clientv3.WithKeysOnly()), below("meta/"))
	}
	if err != nil {
		return nil, &keys.StoreError{Op: op, Err: err}
	}
	saved := make(map[string]time.Time)
	for _, kv := range resp.Responses[2].GetResponseRange().Kvs {
		saved[strings.TrimPrefix(string(kv.Key), s.root()+"meta/")] = parseMeta(kv.Value).Saved
	}
	var list []keys.Entry
	for i, part := range []string{"id/", "old/"} {
		for _, kv := range resp.Responses[i].GetResponseRange().Kvs {
			rest := strings.TrimPrefix(string(kv.Key), s.root()+part)
			if e, ok := entry(rest, part == "old/"); ok {
				e.Saved = saved[rest]
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, compare)
	return list, nil
}

// entry reads NAME, or NAME/TIME of a retired identity. Other keys are passed over.
func entry(key string, retired bool) (keys.Entry, bool) {
	name, time, found := strings.Cut(key, "/")
	e, ok := keys.Entry{Name: name}, true
	if found {
		e.Retired, ok = parseStamp(time)
	}
	return e, ok && found == retired && keys.ValidName(name)
}

// compare sorts by name, the one in use first, then the retired, latest first.
func compare(a, b keys.Entry) int {
	if c := cmp.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	if a.Retired.IsZero() || b.Retired.IsZero() {
		return a.Retired.Compare(b.Retired)
	}
	return b.Retired.Compare(a.Retired)
}
