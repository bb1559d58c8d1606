package addrbook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// Book combines sources of names in order of trust. The zero value knows no name. Exported fields may be changed
// until the first method call. A Book must not be copied; its methods may be called by several goroutines at once.
//
// The first source that knows a name decides. A source that fails ends the search with a [*SourceError], because less
// trusted ones might give another answer than it would.
//
// The book pins the answers of sources without a memory of their own: the router, and all that are not [Voucher]s. If
// another address comes later for the same name, it fails with a [*ConflictError] until [Book.Forget], or until a
// source vouches for the change. Hashes are pinned, so that a destination may replace its base32 name.
//
// Identities that must not be linked must not share a Book that learns: [Book.Local] explains this, and derives a
// Book that they may share.
type Book struct {
	// Sources are the sources, the most trusted first: private entries, the user's own, then subscriptions. They are
	// asked for each lookup and should answer from memory.
	Sources []Source

	// Router is asked last. Nil, the recommended value, asks none: the router's address book does not follow the
	// rules of this package, and the router learns the names. Concurrent lookups of a name ask it once, without the
	// values of their contexts. At most 512 names are asked for at a time; more fail with a [*SourceError].
	Router Source

	// Timeout limits a query to the router. 0 means 30 s.
	Timeout time.Duration

	// CacheTime is how long an answer of the router is cached; 0 means 10 min. NegativeTime is that for names that it
	// does not know; 0 means 10 s. Negative disables caching. Errors are not cached.
	CacheTime, NegativeTime time.Duration

	// CacheSize limits the cached answers; the least recently used are removed. 0 means 4096.
	CacheSize int

	// Pins, if set, stores the pins permanently, in a hosts file that must not be one of the Sources. Nil keeps them
	// in memory. A name is answered only after its pin was written.
	Pins *File

	// MaxPins limits the pins. Existing ones stay; further names are answered but not pinned. 0 means 16,384.
	MaxPins int

	// OnConflict, if set, is called with each destination that was refused, by the goroutine that detected it. It
	// must not call the Book.
	OnConflict func(*ConflictError)

	mu        sync.Mutex // guards all below, and of pins only which it is
	questions map[string]*question
	cache     cache
	garlic    *garlicIndex // nil before it is needed
	local     *garlicIndex // that of all Books that Local returns
	pins      *File

	applying sync.Mutex // held by a subscription that brings its entries up to date
}

// SourceError reports that a source of a Book failed. It does not mean that the name does not exist.
type SourceError struct {
	Source string // its position among the Sources, from 0, or "router"
	Err    error
}

func (e *SourceError) Error() string { return "addrbook: source " + e.Source + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *SourceError) Unwrap() error { return e.Err }

// routerName is what errors call the router.
const routerName = "router"

// Lookup returns the address of a name under .i2p, or of a GarliCat name as returned by [i2phost.GarliCat]. It is a
// destination if one is known; a source may know only a base32 name, plain or encrypted, for which a router finds the
// destination. Base64 destinations and base32 names are returned as they are.
//
// If no source knows the name the error is [ErrNotFound]. Other errors are [*SourceError], [*ConflictError], those of
// [i2phost.Parse] and keys, and those of ctx.
func (b *Book) Lookup(ctx context.Context, name string) (Address, error) {
	if addr, ok := i2phost.ParseGarliCat(name); ok {
		return b.LookupGarliCat(ctx, addr)
	}
	host, err := i2phost.Parse(name)
	if err != nil {
		return Address{}, err
	}
	if host.Kind() != i2phost.Name {
		return ParseAddress(host.String())
	}
	return b.lookup(ctx, host.String())
}

func (b *Book) lookup(ctx context.Context, name string) (Address, error) {
	for i, s := range b.Sources {
		a, err := s.Lookup(ctx, name)
		switch {
		case err == nil:
			return b.settle(ctx, name, a, s, strconv.Itoa(i))
		case !errors.Is(err, ErrNotFound):
			return Address{}, &SourceError{strconv.Itoa(i), err}
		}
	}
	if b.Router == nil {
		return Address{}, fmt.Errorf("addrbook: %w", ErrNotFound)
	}
	return b.askRouter(ctx, name)
}

func (b *Book) ask(ctx context.Context, name string) (Address, error) {
	a, err := b.Router.Lookup(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		err = fmt.Errorf("addrbook: %w", ErrNotFound)
	case err != nil:
		return Address{}, &SourceError{routerName, err}
	default:
		if a, err = b.settle(ctx, name, a, b.Router, routerName); err == nil {
			b.keep(name, answer{addr: a, until: later(b.CacheTime, 10*time.Minute)})
			return a, nil
		}
		if !errors.Is(err, ErrConflict) {
			return Address{}, err
		}
	}
	b.keep(name, answer{err: err, until: later(b.NegativeTime, 10*time.Second)})
	return Address{}, err
}

// settle compares an answer with the pin, and pins it.
func (b *Book) settle(ctx context.Context, name string, a Address, s Source, by string) (Address, error) {
	if a.IsZero() {
		return a, &SourceError{by, keys.ErrMalformed}
	}
	voucher, vouches := s.(Voucher)
	pin, err := b.pin(name)
	if err == nil && !pin.IsZero() && !pin.Same(a) && !(vouches && voucher.Vouches(name, pin)) {
		err = &ConflictError{Name: name, Known: pin, Offered: a}
	}
	switch {
	case err != nil:
	case !vouches && pin.IsZero():
		err = b.setPin(ctx, name, a)
	case vouches && !pin.IsZero():
		err = b.forget(ctx, name) // its own memory is better
	}
	var conflict *ConflictError
	switch {
	case errors.As(err, &conflict):
		conflict.Offered, conflict.Source = a, by
		b.tell(conflict)
		return Address{}, conflict
	case err != nil:
		return Address{}, &SourceError{"pins", err}
	}
	return a, nil
}

func (b *Book) tell(err *ConflictError) {
	if b.OnConflict != nil {
		b.OnConflict(err)
	}
}

func (b *Book) keep(name string, a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cache.put(name, a, orDefault(b.CacheSize, 4096))
}

func orDefault[T int | int64 | time.Duration](value, preset T) T {
	if value > 0 {
		return value
	}
	return preset
}

// later returns the end of a time that begins now.
func later(d, preset time.Duration) time.Time {
	if d < 0 {
		return time.Time{}
	}
	return time.Now().Add(orDefault(d, preset))
}

// Format prints the type alone, whatever the verb: names tell where their user goes.
func (b *Book) Format(w fmt.State, _ rune) { io.WriteString(w, "addrbook.Book") }
