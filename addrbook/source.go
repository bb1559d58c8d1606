package addrbook

import (
	"context"
	"iter"

	"github.com/go-i2p/i2psocks/keys"
)

// Source maps names to addresses, as [*File], [*Hosts], [*Subscription] and [*Book] do, and a session with a router
// by [SourceFunc]. It is asked for canonical names. It returns [ErrNotFound], or an error that wraps it, only if it
// does not know the name; any other error means that it could not answer. It must honour ctx and permit concurrent
// calls.
type Source interface {
	Lookup(ctx context.Context, name string) (Address, error)
}

// Lister is a [Source] that can list all its entries. Version changes whenever they do. A [Book] that looks for a GarliCat
// address holds up others that do meanwhile: All and Version must neither wait nor use the Book.
type Lister interface {
	Source
	All() iter.Seq2[string, Address]
	Version() uint64
}

// Voucher is a [Source] that may change the address of a name. Vouches reports whether it supports the change from
// old. The first answers of other Sources are permanent.
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
