package etcdkeys

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"

	"github.com/go-i2p/i2psocks/keys"
)

// A destination is claimed as a name is, by one that no identity can have. It is made with the key of the prefix,
// so that etcd does not learn which destinations there are.
func (s *Store) claimName(id keys.Identity) string {
	s.mu.Lock()
	mac := hmac.New(sha256.New, s.key[:])
	s.mu.Unlock()
	hash := id.Destination().Hash()
	mac.Write(hash[:])
	return "." + hex.EncodeToString(mac.Sum(nil)[:16])
}

// serve claims the destination of an identity that is given out by the owner of a name, and keeps it as long as that.
func (s *Store) serve(ctx context.Context, owner *claim, id keys.Identity) error {
	name := s.claimName(id)
	done, err := s.turns.take(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	if _, _, _, err = s.own(ctx, name, owner.former, mayBe); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if owner.serves == nil {
		owner.serves = make(map[string]bool)
	}
	owner.serves[name] = true
	return s.ended
}

// inherit makes what was given out by one name go on with another.
func (s *Store) inherit(from, to *claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to.serves == nil {
		to.serves = make(map[string]bool)
	}
	maps.Copy(to.serves, from.serves)
	from.serves = nil
}

// releaseDestinations gives back the claims on destinations that no other name has given out.
func (s *Store) releaseDestinations(ctx context.Context, names map[string]bool, rest bool) (err error) {
	for name := range names {
		err = errors.Join(err, s.releaseDestination(ctx, name, rest))
	}
	return err
}

func (s *Store) releaseDestination(ctx context.Context, name string, rest bool) error {
	done, err := s.turns.take(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	s.mu.Lock()
	c := s.claims[name]
	served := slices.ContainsFunc(slices.Collect(maps.Values(s.claims)), func(o *claim) bool { return o.serves[name] })
	s.mu.Unlock()
	if c == nil || served {
		return nil
	}
	return s.release(ctx, c, rest)
}
