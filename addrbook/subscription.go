package addrbook

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/proxy"
)

// Subscription is a feed of names that somebody publishes, fetched over I2P, and
// what has been learnt from it. It is a [Source] for a [Book], which knows only
// what was fetched before, and never waits.
//
// A feed may add names that no source in the Book knows that is trusted more, and that
// are not pinned, first come, first served; one that only less trusted feeds know, it may give another
// destination, and the order of the Sources decides, not who was fetched first. It
// changes and removes only what it has itself brought, and only if the destination
// that has the name has signed for it. It never changes an entry of the user's, or of
// another feed. A feed that was not received whole, or is none, changes nothing. Its
// entries are whole destinations; a line with a base32 name is refused.
//
// Exported fields may be changed until the first method call. All methods may be
// called by several goroutines at once.
type Subscription struct {
	// URL is the address of the feed, in I2P, by name or base32. With a name, the
	// feed is as trustworthy as that name is for the Dialer; do not let a feed
	// say where it is itself.
	URL string

	// Path is the file that keeps what was learnt, with mode 0600. Several programs
	// may have one: a fetch reads what another has learnt before it adds to it, and
	// they wait for each other as those with one [File] do. Empty means that nothing
	// is kept.
	Path string

	// Dialer reaches I2P and nothing else, such as an Endpoint or a backend. It is
	// given hosts in I2P only, as they stand, and the feed is read over its
	// connections: there is no proxy, and nothing of the environment counts.
	// Redirects are followed within I2P only. None, or one that dials the Internet,
	// is [ErrDialer]. A feed that gets its ETag back can link the visits: use an
	// identity of their own for subscriptions, and [Subscription.ForgetVisits] when
	// it changes.
	Dialer proxy.ContextDialer

	// Roots, if there are any, allow https, also after a redirect, and are the only
	// certificates that count: the system is not asked, since it may visit the
	// Internet to answer. Without them https is [ErrURL].
	Roots []*x509.Certificate

	// Book, if set, is what the feed must not contradict; normally the one that
	// has the Subscription among its Sources. Its OnConflict is told.
	Book *Book

	// Interval is the time between two fetches by Run. 0 means 12 h, which public
	// feeds expect; less than 1 h means 1 h.
	Interval time.Duration

	// StartDelay is how long Run waits before its first fetch. 0 means 5 min;
	// negative means not at all, and without the random part.
	StartDelay time.Duration

	// MaxNames bounds the names from this feed, removed ones included. 0 means
	// 100,000. MaxBytes bounds, about, what is kept of them, as it is in the file. 0
	// means 32 MiB. A feed that is full learns no further names and no second
	// destinations, but owners can change what they have.
	MaxNames, MaxBytes int

	// OnFetch, if set, is told by Run what came of each fetch.
	OnFetch func(Report, error)

	fetching sync.Mutex
	mu       sync.RWMutex // guards all below
	state    *feedState   // nil until it is read; then replaced, never changed
	stamp    stamp        // of the file that it is from
	version  uint64
}

// load returns what is known, reading it from the disk at the first time.
func (s *Subscription) load() (*feedState, error) {
	s.mu.RLock()
	st := s.state
	s.mu.RUnlock()
	if st != nil {
		return st, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != nil {
		return s.state, nil
	}
	if s.Path == "" {
		s.state = newState(s.URL)
	} else {
		st, stamp, err := loadState(s.Path, s.URL, s.maxState(), false)
		if err != nil {
			return nil, err
		}
		s.state, s.stamp = st, stamp
	}
	s.version++
	return s.state, nil
}

// Lookup implements [Source]. It fails if the file at Path cannot be read.
func (s *Subscription) Lookup(_ context.Context, name string) (Address, error) {
	st, err := s.load()
	if err != nil {
		return Address{}, err
	}
	if name, err = canonical(name); err != nil {
		return Address{}, err
	}
	e := st.Entries[name]
	if !e.live(time.Now()) {
		return Address{}, ErrNotFound
	}
	return AddressOf(e.Dests[0]), nil
}

// All yields the names from this feed in alphabetical order, each with the
// destination in use. It yields nothing if the file at Path cannot be read.
func (s *Subscription) All() iter.Seq2[string, Address] {
	return func(yield func(string, Address) bool) {
		st, err := s.load()
		if err != nil {
			return
		}
		now := time.Now()
		for _, name := range slices.Sorted(maps.Keys(st.Entries)) {
			if e := st.Entries[name]; e.live(now) && !yield(name, AddressOf(e.Dests[0])) {
				return
			}
		}
	}
}

// Version implements [Lister].
func (s *Subscription) Version() uint64 {
	s.load()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// Vouches implements [Voucher]: the old destination has signed the change.
func (s *Subscription) Vouches(name string, old Address) bool {
	st, err := s.load()
	return err == nil && st.Entries[name].hadAddress(old)
}

// Format prints the type alone, whatever the verb.
func (s *Subscription) Format(w fmt.State, _ rune) { io.WriteString(w, "addrbook.Subscription") }
