package statuspage

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
	"github.com/go-i2p/i2psocks/keys"
)

// storeTime bounds the question to a key store, which may be on another machine.
const storeTime = 2 * time.Second

func classOf(s dialer.State) string {
	switch s {
	case dialer.Up:
		return "good"
	case dialer.Down:
		return "bad"
	case dialer.Starting:
		return "wait"
	}
	return "idle"
}

// router describes the router, as the session sees it and, for a private one, as it reports itself.
func (h *Handler) router(s dialer.Status, now time.Time) []fact {
	list := []fact{{Name: "software", Value: orElse(s.Router, "unknown")}}
	if s.Attempts > 0 {
		list = append(list, fact{"start attempts", fmt.Sprint(s.Attempts), s.State == dialer.Down})
	}
	if fault := h.fault(s.Err); fault != "" {
		list = append(list, fact{"last failure", fault, s.State == dialer.Down})
	}
	own, ok := h.Endpoint.Router.(interface{ Status() i2pd.Status })
	if !ok {
		return list
	}
	child := own.Status()
	list = append(list, fact{"private router", child.State.String() + ", " + orElse(ago(child.Since, now), "never used"), child.Err != nil},
		fact{Name: "known routers", Value: fmt.Sprint(child.Peers)}, fact{"restarts", fmt.Sprint(child.Restarts), child.Restarts > 0})
	if child.Err != nil {
		text := "failed, see the log"
		if h.Reveal {
			text = child.Err.Error()
		}
		list = append(list, fact{"its last failure", text, true})
	}
	return list
}

// A book is a source of names that can be counted.
type book interface {
	All() iter.Seq2[string, addrbook.Address]
	Version() uint64
}

// counted is how many names a book had at a version.
type counted struct {
	version uint64
	names   int
}

// names tells where names are looked up, and how many are known there.
func (h *Handler) names() []fact {
	list := []fact{{Name: "defined by the program", Value: plural(len(h.Endpoint.Hosts), "name")}}
	b := h.Endpoint.Book
	if b == nil {
		return append(list, fact{Name: "router's address book", Value: "asked; the router learns the names"})
	}
	for i, source := range b.Sources {
		name, value := fmt.Sprintf("source %d", i+1), "asked"
		switch source.(type) {
		case *addrbook.File:
			name += ", a file"
		case *addrbook.Hosts:
			name += ", in memory"
		case *addrbook.Subscription:
			name += ", a subscription"
		case *addrbook.Book:
			name += ", a book"
		}
		if counts, ok := source.(book); ok {
			value = plural(h.count(counts), "name")
		}
		list = append(list, fact{Name: name, Value: value})
	}
	if b.Pins != nil {
		list = append(list, fact{Name: "pinned permanently", Value: plural(h.count(b.Pins), "name")})
	}
	if b.Router == nil {
		return append(list, fact{Name: "router's address book", Value: "never asked"})
	}
	return append(list, fact{Name: "router's address book", Value: "asked last; the router learns the names"})
}

// count counts a book's names anew only if it has changed.
func (h *Handler) count(b book) int {
	version := b.Version()
	h.mu.Lock()
	known, ok := h.books[b]
	h.mu.Unlock()
	if ok && known.version == version {
		return known.names
	}
	names := 0
	for range b.All() {
		names++
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.books[b] = counted{version, names}
	return names
}

// keyStore tells where identities are kept and how many there are. It shows no name.
func (h *Handler) keyStore(ctx context.Context) []fact {
	store := h.Keys
	if store == nil {
		store = h.Endpoint.Keys
	}
	switch {
	case store == nil && h.Endpoint.Dir == "":
		return []fact{{Name: "identity", Value: "new with each start, not stored"}}
	case store == nil:
		return []fact{{Name: "identity", Value: "stored in the endpoint's directory"}}
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	list := []fact{{Name: "identity", Value: "stored in a key store of the program"}}
	archive, ok := store.(keys.Archive)
	if !ok {
		names, err := store.Names(ctx)
		if err != nil {
			return append(list, h.storeFault(err))
		}
		return append(list, fact{Name: "in use", Value: fmt.Sprint(len(names))})
	}
	entries, err := archive.List(ctx)
	if err != nil {
		return append(list, h.storeFault(err))
	}
	retired := 0
	for _, e := range entries {
		if !e.Retired.IsZero() {
			retired++
		}
	}
	return append(list, fact{Name: "in use", Value: fmt.Sprint(len(entries) - retired)}, fact{Name: "retired", Value: fmt.Sprint(retired)})
}

func (h *Handler) storeFault(err error) fact {
	if h.Reveal {
		return fact{"fault", err.Error(), true}
	}
	return fact{"fault", "the store cannot be read", true}
}
