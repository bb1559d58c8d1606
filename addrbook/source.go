package addrbook

import (
	"context"
	"iter"

	"github.com/go-i2p/i2psocks/keys"
)

// Source knows addresses by name, as [*File], [*Hosts], [*Subscription] and
// [*Book] do, and a session with a router through [SourceFunc]. It is asked for canonical
// names. It returns [ErrNotFound], or an error that wraps it, only for a name that
// it does not know; any other error says that it could not tell. It must honour
// ctx and bear several calls at once.
type Source interface {
	Lookup(ctx context.Context, name string) (Address, error)
}

// Lister is a [Source] that can tell all that it knows. Version changes whenever
// that does.
type Lister interface {
	Source
	All() iter.Seq2[string, Address]
	Version() uint64
}

// Voucher is a [Source] that may give a name another address than before.
// Vouches reports whether it stands for the change from old. What other Sources
// say first about a name stays.
type Voucher interface {
	Vouches(name string, old Address) bool
}

// SourceFunc makes a Source of a function, such as the Lookup of a router's
// session, and notFound tells which of its errors mean that there is no such name.
type SourceFunc struct {
	Func     func(ctx context.Context, name string) (keys.Destination, error)
	NotFound func(error) bool // nil for none
}

// Lookup implements [Source].
func (s SourceFunc) Lookup(ctx context.Context, name string) (Address, error) {
	d, err := s.Func(ctx, name)
	if err != nil && s.NotFound != nil && s.NotFound(err) {
		return Address{}, ErrNotFound
	}
	return AddressOf(d), err
}
