package keys

import (
	"context"
	"time"
)

// Archive is a [Store] that also renames identities and keeps those that were
// taken out of use, until it is told to forget them. [Dir] and [Memory] are
// such stores. A retired identity is known by its name and the time it was
// retired; retiring frees the name, and a name may have several.
//
// Each call happens wholly or not at all, but for Purge, which may be repeated.
// After an error of the disk, or a crash, it is one of the two.
type Archive interface {
	Store

	// List tells what is kept, by name, the one in use first, then the retired,
	// latest first. It reads no secret.
	List(ctx context.Context) ([]Entry, error)

	// Rename gives the identity called from a name that is free, else the error
	// is fs.ErrExist. Identities retired from a name stay with that name.
	Rename(ctx context.Context, from, to string) error

	// Replace retires the identity called name, which must exist, and keeps id
	// in its place. At no moment is the name free.
	Replace(ctx context.Context, name string, id Identity) error

	// Retire takes the identity called name out of use: Delete with a way back.
	Retire(ctx context.Context, name string) error

	// Restore brings a retired identity back into use, the latest if retired is
	// the zero time. One in use under the name is retired in exchange.
	Restore(ctx context.Context, name string, retired time.Time) error

	// LoadRetired returns a retired identity, the latest if retired is the zero
	// time, so that an old address can be served beside the new one.
	LoadRetired(ctx context.Context, name string, retired time.Time) (Identity, error)

	// Purge forgets, for good, all identities retired from name. It is no error
	// if there are none.
	Purge(ctx context.Context, name string) error
}

var (
	_ Archive = (*Dir)(nil)
	_ Archive = (*Memory)(nil)
)

// Entry is what [Archive.List] tells about an identity.
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
