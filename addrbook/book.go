package addrbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// Book joins sources of names in the order of trust. The zero value knows no
// name. Exported fields may be changed until the first method call. A Book must
// not be copied; its methods may be called by several goroutines at once.
//
// The first source that knows a name decides. One that fails ends the search with
// a *[SourceError]: those behind it, which are trusted less, might say something
// else than it would have said.
//
// The book remembers what sources without a memory of their own said: the
// router, and all that are not [Voucher]s. Should another destination come later
// for the same name, it fails with a *[ConflictError] until [Book.Forget], or
// until a source vouches for the change. That memory ends with the program.
//
// Identities that must not be linked do not share a Book that learns: [Book.Local]
// says why, and derives one that they may have.
type Book struct {
	// Sources, the most trusted first: private entries, the user's own, then
	// subscriptions. They are asked anew for each lookup and should answer from
	// memory.
	Sources []Source

	// Router is asked last. Nil, as it should be by default, asks none: its book
	// is not under our rules, and it learns the names.
	Router Source

	// Timeout bounds the question to the router. 0 means 30 s.
	Timeout time.Duration

	// CacheTime is how long an answer of the router is used before it is asked
	// again, 0 for 10 min. NegativeTime is that for a name that it does not
	// know, 0 for 10 s. Negative means not at all. Errors are not kept.
	CacheTime, NegativeTime time.Duration

	// CacheSize bounds the names remembered; those used least recently are
	// forgotten. 0 means 4096.
	CacheSize int

	// OnConflict, if set, is told of each destination that was refused, in the
	// goroutine that came upon it. It must not call the Book.
	OnConflict func(*ConflictError)

	flights singleflight.Group
	mu      sync.Mutex // guards memory and garlic
	memory  memory
	garlic  garlicIndex

	applying sync.Mutex // held by a subscription that brings its entries up to date
}

// SourceError tells that a source of a [Book] failed. It does not say that there
// is no such name.
type SourceError struct {
	Source string // its position among the Sources, from 0, or "router"
	Err    error
}

func (e *SourceError) Error() string { return "addrbook: source " + e.Source + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *SourceError) Unwrap() error { return e.Err }

// routerName is what errors call the router.
const routerName = "router"

// Lookup returns the destination of a name under .i2p, or of a GarliCat name as
// [i2phost.GarliCat] makes them. A base64 destination is returned as it is. A
// base32 name is no name but a hash, for which the router alone has the
// destination, and so [ErrNotFound], like a name that no source knows. Further
// errors are *[SourceError], *[ConflictError], those of [i2phost.Parse], and those
// of ctx.
func (b *Book) Lookup(ctx context.Context, name string) (keys.Destination, error) {
	if addr, ok := i2phost.ParseGarliCat(name); ok {
		return b.LookupGarliCat(ctx, addr)
	}
	host, err := i2phost.Parse(name)
	if err != nil {
		return keys.Destination{}, err
	}
	switch host.Kind() {
	case i2phost.Name:
		return b.lookup(ctx, host.String())
	case i2phost.Base64:
		return keys.ParseDestination(host.String())
	}
	return keys.Destination{}, fmt.Errorf("addrbook: %w: %v", ErrNotFound, host.Kind())
}

func (b *Book) lookup(ctx context.Context, name string) (keys.Destination, error) {
	for i, s := range b.Sources {
		d, err := s.Lookup(ctx, name)
		switch {
		case err == nil:
			return b.settle(name, d, s, strconv.Itoa(i))
		case !errors.Is(err, ErrNotFound):
			return keys.Destination{}, &SourceError{strconv.Itoa(i), err}
		}
	}
	if b.Router == nil {
		return keys.Destination{}, fmt.Errorf("addrbook: %w", ErrNotFound)
	}
	return b.askRouter(ctx, name)
}

// askRouter asks once for all who wait for the same name. The question goes on
// when they leave, since its answer is kept.
func (b *Book) askRouter(ctx context.Context, name string) (keys.Destination, error) {
	if a, ok := b.remembered(name); ok && time.Now().Before(a.until) {
		return a.dest, a.err
	}
	flight := b.flights.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), orDefault(b.Timeout, 30*time.Second))
		defer cancel()
		return b.ask(ctx, name)
	})
	select {
	case r := <-flight:
		return r.Val.(keys.Destination), r.Err
	case <-ctx.Done():
		return keys.Destination{}, context.Cause(ctx)
	}
}

func (b *Book) ask(ctx context.Context, name string) (keys.Destination, error) {
	d, err := b.Router.Lookup(ctx, name)
	switch {
	case err == nil:
		return b.settle(name, d, b.Router, routerName)
	case errors.Is(err, ErrNotFound):
		err = fmt.Errorf("addrbook: %w", ErrNotFound)
		b.keep(name, answer{err: err, until: later(b.NegativeTime, 10*time.Second)})
		return keys.Destination{}, err
	}
	return keys.Destination{}, &SourceError{routerName, err}
}

// settle compares an answer with what was remembered, and remembers it.
func (b *Book) settle(name string, d keys.Destination, s Source, by string) (keys.Destination, error) {
	if d.IsZero() {
		return d, &SourceError{by, keys.ErrMalformed}
	}
	voucher, vouches := s.(Voucher)
	old, known := b.remembered(name)
	if known && !old.pin.IsZero() && old.pin != d && !(vouches && voucher.Vouches(name, old.pin)) {
		err := &ConflictError{Name: name, Known: old.pin, Offered: d, Source: by}
		if by == routerName {
			b.keep(name, answer{err: err, pin: old.pin, until: later(b.NegativeTime, 10*time.Second)})
		}
		b.tell(err)
		return keys.Destination{}, err
	}
	switch {
	case !vouches:
		b.keep(name, answer{dest: d, pin: d, until: later(b.CacheTime, 10*time.Minute)})
	case known:
		b.Forget(name) // its own memory is better
	}
	return d, nil
}

func (b *Book) tell(err *ConflictError) {
	if b.OnConflict != nil {
		b.OnConflict(err)
	}
}

// Forget drops what the book remembers of a name, so that the next answer counts.
func (b *Book) Forget(name string) {
	if host, err := i2phost.Parse(name); err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.memory.drop(host.String())
	}
}

func (b *Book) remembered(name string) (answer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.memory.get(name)
}

// keep remembers an answer; a pin outlives an answer without one.
func (b *Book) keep(name string, a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.memory.get(name); ok && a.pin.IsZero() {
		a.pin = old.pin
	}
	b.memory.put(name, a, orDefault(b.CacheSize, 4096))
}

// known returns what all but one source, and the memory, say of a name.
func (b *Book) known(ctx context.Context, name string, except Source) (all []keys.Destination, err error) {
	for i, s := range b.Sources {
		if s == except {
			continue
		}
		d, err := s.Lookup(ctx, name)
		switch {
		case err == nil:
			all = append(all, d)
		case !errors.Is(err, ErrNotFound):
			return nil, &SourceError{strconv.Itoa(i), err}
		}
	}
	if a, ok := b.remembered(name); ok && !a.pin.IsZero() && !slices.Contains(all, a.pin) {
		all = append(all, a.pin)
	}
	return all, nil
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
