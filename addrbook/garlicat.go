package addrbook

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// garlicIndex finds names by the GarliCat addresses of their destinations. The zero value is yet to be made.
type garlicIndex struct {
	mu          sync.Mutex
	versions    []uint64 // of the sources, as they were
	first, last map[netip.Addr]garlicEntry
}

type garlicEntry struct {
	names []string // of the destination
	hash  [32]byte
	many  bool // several destinations have the address
}

// LookupGarliCat returns the address in the book whose GarliCat address is addr: see [i2phost.GarliCat]. Only Sources
// that are [Lister]s are searched. Addresses made of the first characters of a name take precedence over those of the
// last. If no entry has the address, or several have, the error is [ErrNotFound]. The first call, and the first call
// after a change, reads all entries.
func (b *Book) LookupGarliCat(ctx context.Context, addr netip.Addr) (Address, error) {
	notFound := fmt.Errorf("addrbook: GarliCat address: %w", ErrNotFound)
	if _, ok := i2phost.GarliCat(addr); !ok {
		return Address{}, notFound
	}
	e, ok := b.findGarliCat(addr)
	if !ok || e.many {
		return Address{}, notFound
	}
	for _, name := range e.names {
		a, err := b.lookup(ctx, name)
		if errors.Is(err, ErrNotFound) {
			continue // it has expired since
		}
		if err != nil {
			return a, err
		}
		if hash, ok := a.Hash(); ok && hash == e.hash { // else a source that is trusted more says otherwise
			return a, nil
		}
	}
	return Address{}, notFound
}

func (b *Book) findGarliCat(addr netip.Addr) (garlicEntry, bool) {
	b.mu.Lock()
	if b.garlic == nil {
		b.garlic = new(garlicIndex)
	}
	index := b.garlic
	b.mu.Unlock()
	index.mu.Lock()
	defer index.mu.Unlock()
	var versions []uint64
	for _, s := range b.Sources {
		if l, ok := s.(Lister); ok {
			versions = append(versions, l.Version())
		}
	}
	if index.first == nil || !slices.Equal(versions, index.versions) {
		index.fill(b.Sources)
		index.versions = versions
	}
	e, ok := index.first[addr]
	if !ok {
		e, ok = index.last[addr]
	}
	return e, ok
}

// fill reads all entries. The caller holds mu.
func (index *garlicIndex) fill(sources []Source) {
	index.first, index.last = make(map[netip.Addr]garlicEntry), make(map[netip.Addr]garlicEntry)
	for _, s := range sources {
		l, ok := s.(Lister)
		if !ok {
			continue
		}
		for name, a := range l.All() {
			hash, ok := a.Hash()
			if !ok {
				continue
			}
			e := garlicEntry{names: []string{name}, hash: hash}
			first, last := i2phost.GarliCatAddrs(e.hash)
			addGarliCat(index.first, first, e)
			addGarliCat(index.last, last, e)
		}
	}
}

func addGarliCat(index map[netip.Addr]garlicEntry, addr netip.Addr, e garlicEntry) {
	if old, ok := index[addr]; ok {
		if old.hash == e.hash {
			old.names = append(old.names, e.names...)
		} else {
			old.many = true
		}
		e = old
	}
	index[addr] = e
}
