package addrbook

import (
	"context"
	"errors"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// pinned returns what holds the pins: the host's file, or one that is never written.
func (b *Book) pinned() *File {
	if b.Pins != nil {
		return b.Pins
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pins == nil {
		b.pins = &File{hosts: new(Hosts)}
	}
	return b.pins
}

// pin returns the address that a name must not change, zero if there is none.
func (b *Book) pin(name string) (Address, error) {
	a, err := b.pinned().Lookup(context.Background(), name)
	if errors.Is(err, ErrNotFound) {
		return Address{}, nil
	}
	return a, err
}

// errFull ends the writing of a pin for which there is no place.
var errFull = errors.New("no place for another pin")

// setPin makes an address the one that its name must not change. Pins that are there
// are never given up for it: past the bound, a new name has none. It fails with a
// *[ConflictError] if another program has pinned another address meanwhile.
func (b *Book) setPin(ctx context.Context, name string, a Address) error {
	pins, most := b.pinned(), orDefault(b.MaxPins, 16<<10)
	if pins.len() >= most {
		return nil
	}
	err := pins.update(ctx, func(h *Hosts) error {
		if _, err := h.Lookup(ctx, name); errors.Is(err, ErrNotFound) && h.Len() >= most {
			return errFull
		}
		return h.Add(name, a.hashed())
	})
	if err == errFull {
		return nil
	}
	return err
}

// Forget removes what the book remembers of a name, so that the next answer is accepted. It fails with an error of
// i2phost, or an error of writing Pins.
func (b *Book) Forget(name string) error { return b.forget(context.Background(), name) }

func (b *Book) forget(ctx context.Context, name string) error {
	host, err := i2phost.Parse(name)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.cache.drop(host.String())
	b.mu.Unlock()
	if a, err := b.pin(host.String()); err != nil || a.IsZero() {
		return err
	}
	err = b.pinned().update(ctx, func(h *Hosts) error { return h.Remove(host.String()) })
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}
