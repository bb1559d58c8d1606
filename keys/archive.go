package keys

import (
	"context"
	"time"
)

// Archive is a [Store] that can also rename identities and keep those that are no longer in use, until they are
// purged. [Dir] and [Memory] are such stores. A retired identity is known by its name and the time of retirement;
// retiring frees the name, and a name may have several retired identities.
//
// Each call is atomic, even across disk errors and crashes, except Purge, which may be repeated.
type Archive interface {
	Store

	// List returns all identities by name, the current one first, then the retired ones, latest first. It reads no
	// secret.
	List(ctx context.Context) ([]Entry, error)

	// Rename renames the identity called from. If the name to is in use the error is fs.ErrExist. Identities that
	// were retired from a name keep that name.
	Rename(ctx context.Context, from, to string) error

	// Replace retires the identity called name, which must exist, and saves id in its place. The name is never free
	// in between.
	Replace(ctx context.Context, name string, id Identity) error

	// Retire takes the identity called name out of use. Unlike Delete it can be undone.
	Retire(ctx context.Context, name string) error

	// Restore brings a retired identity back into use, the latest if retired is the zero time. A current identity of
	// that name is retired.
	Restore(ctx context.Context, name string, retired time.Time) error

	// LoadRetired returns a retired identity, the latest if retired is the zero time, so that an old address can be
	// served beside the new one.
	LoadRetired(ctx context.Context, name string, retired time.Time) (Identity, error)

	// Purge permanently removes all identities retired from name. It is no error if there are none.
	Purge(ctx context.Context, name string) error
}

var (
	_ Archive = (*Dir)(nil)
	_ Archive = (*Memory)(nil)
)

// Entry describes an identity in the result of [Archive].List.
type Entry struct {
	Name    string
	Saved   time.Time // when it was saved, UTC
	Retired time.Time // when it was taken out of use, UTC; zero for one in use
}

// compare is the order of a list.
func (e Entry) compare(o Entry) int {
	switch {
	case e.Name < o.Name:
		return -1
	case e.Name > o.Name:
		return 1
	case e.Retired.IsZero() || o.Retired.IsZero():
		return e.Retired.Compare(o.Retired)
	}
	return o.Retired.Compare(e.Retired)
}

// Rotate replaces the identity called name by a new one, which it returns. The
// old one is retired, and can still be loaded and restored.
func Rotate(ctx context.Context, store Archive, name string) (Identity, error) {
	id, err := Generate()
	if err != nil {
		return Identity{}, err
	}
	if err := store.Replace(ctx, name, id); err != nil {
		return Identity{}, err
	}
	return id, nil
}
