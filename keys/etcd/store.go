package etcdkeys

import (
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

const (
	defaultPrefix  = "i2psocks"
	defaultTTL     = 30 * time.Second
	floorTTL       = 20 * time.Second
	maxTTL         = time.Hour
	defaultTimeout = 5 * time.Second
	maxHost        = 64
)

// Store is a [keys.Store], [keys.Archive] and [keys.Labeler] in etcd that owns what it loads and
// saves. It needs a Client; the other fields may be zero. Fields may be changed
// until the first method call, not after. A Store must not be copied. Its methods
// may be called by several goroutines at once, which share what it owns.
//
// Load, LoadRetired, Save and Acquire make this Store the owner of a name until
// Release or Close; the other changes own it while they last. What Load, LoadRetired and Save give out they
// own besides, so that no other Store serves the same destination under another name; Rename and Replace
// keep that. If another Store is the owner of either the error is [ErrOwned]. After an owner that did not release, they
// wait for as long as its TTL, and after one that did, for at most 7 s.
//
// A Store that lost its ownership stays lost: close what uses the identities, then
// the Store, and make a new one. Errors are [*keys.StoreError].
type Store struct {
	// Client is the connection to etcd. The Store does not close it; close it after the Store.
	Client *clientv3.Client
	// Prefix is the prefix of etcd's keys before "/", separate for each fleet. Empty means "i2psocks".
	Prefix string
	// TTL is how long an owner may be silent, in whole seconds, rounded up; etcd may extend it. 0 means 30 s; at
	// least 20 s and at most an hour. Hosts may differ. An owner has a third of it, after Lost, to disappear from the
	// network: with 20 s that is 6.7 s, in which an Endpoint cuts its sessions and i2pd releases the destination, 5 s
	// later.
	TTL time.Duration
	// Timeout limits each request to etcd. 0 means 5 s.
	Timeout time.Duration
	// Host is what others are told about who owns a name: 64 bytes at most. Empty
	// means nothing.
	Host string
	// Sealer encrypts the identities, bound to their names. Nil means that they are plain. All hosts of a prefix need
	// the same: the first to save decides. A prefix of an earlier version, whose values are not bound to names, is
	// converted at the first call; hosts of that version can no longer read it then.
	Sealer keys.Sealer
	// Logger receives the events of the store, without names and keys. Nil disables logging.
	Logger *slog.Logger

	turns turns // of names, and of "" for starting a session

	mu       sync.Mutex
	lost     chan struct{} // nil before the first use
	ended    error         // why lost is closed: ErrLost or os.ErrClosed
	session  *session      // nil before the first claim
	claims   map[string]*claim
	doubtful map[string]bool // names of which etcd may have a claim of the session that is not in claims
	released int             // how many claims were given back
	checked  bool            // Sealer is the right one
	key      [32]byte        // of the prefix, which hides destinations; zero where all is plain
}

var (
	_ keys.Labeler   = (*Store)(nil)
	_ keys.Exclusive = (*Store)(nil)
)

// Load returns the identity called name and makes this Store its owner. A
// damaged value is [keys.ErrMalformed], a sealed one without a Sealer
// [keys.ErrSealed], a plain one with a Sealer [keys.ErrNotSealed], one sealed with
// another passphrase [keys.ErrPassphrase]; it stays as it is.
func (s *Store) Load(ctx context.Context, name string) (id keys.Identity, err error) {
	err = s.do(ctx, "load", []string{name}, func() error {
		return s.owning(ctx, name, true, mustExist, func(c *claim, p place) error {
			if id, err = s.open(ctx, name, p.id.Value); err != nil {
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

// Save keeps id as name and makes this Store its owner. Of several hosts that
// race, one succeeds.
func (s *Store) Save(ctx context.Context, name string, id keys.Identity) error {
	return s.do(ctx, "save", []string{name}, func() error {
		value, err := s.seal(ctx, name, id)
		if err == nil {
			err = s.markSealer(ctx)
		}
		if err != nil {
			return err
		}
		return s.owning(ctx, name, true, mustNotExist, func(c *claim, _ place) error {
			if err := s.serve(ctx, c, id); err != nil {
				return err
			}
			k := s.keyOf(name)
			return s.write(ctx, []*claim{c}, []clientv3.Cmp{absent(k.id)},
				clientv3.OpPut(k.id, value), clientv3.OpPut(k.meta, newMeta("")))
		})
	})
}

// Delete removes the identity called name, for good.
func (s *Store) Delete(ctx context.Context, name string) error {
	return s.do(ctx, "delete", []string{name}, func() error {
		return s.owning(ctx, name, false, mustExist, func(c *claim, p place) error {
			k := s.keyOf(name)
			return s.write(ctx, []*claim{c}, []clientv3.Cmp{same(k.id, p.id)},
				clientv3.OpDelete(k.id), clientv3.OpDelete(k.meta))
		})
	})
}

// Raw returns the bytes that are kept for name, as a [keys.Dir] has them in
// NAME.key, and owns nothing: for backups, which [keys.Dir.Adopt] reads. Without a Sealer they are the secret.
func (s *Store) Raw(ctx context.Context, name string) (raw []byte, err error) {
	err = s.do(ctx, "raw", []string{name}, func() error {
		p, err := s.look(ctx, name)
		if err == nil {
			err = mustExist(p)
		}
		if err == nil {
			raw = p.id.Value
		}
		return err
	})
	return raw, err
}

func mustExist(p place) error {
	if p.id == nil {
		return fs.ErrNotExist
	}
	return nil
}

func mustNotExist(p place) error {
	if p.id != nil {
		return fs.ErrExist
	}
	return nil
}
