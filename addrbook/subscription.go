package addrbook

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Subscription is a feed of names that somebody publishes, fetched over I2P, and
// what has been learnt from it. It is a [Source] for a [Book], which knows only
// what was fetched before, and never waits.
//
// A feed may add names that nobody in the Book knows, first come, first served. It
// changes and removes only what it has itself brought, and only if the destination
// that has the name has signed for it. It never changes an entry of the user's,
// or of another feed. A feed that was not received whole, or is none, changes
// nothing.
//
// Exported fields may be changed until the first method call. All methods may be
// called by several goroutines at once.
type Subscription struct {
	// URL is the address of the feed, in I2P, by name or base32. With a name, the
	// feed is as trustworthy as that name is for the Client; do not let a feed
	// say where it is itself.
	URL string

	// Path is the file that keeps what was learnt, with mode 0600. Empty means
	// that nothing is kept.
	Path string

	// Client reaches I2P and nothing else; its Transport must be set. Without
	// one, nothing is fetched. Redirects are followed within I2P only. A feed
	// that gets its ETag back can link the visits: use an identity of their own
	// for subscriptions, and [Subscription.ForgetVisits] when it changes.
	Client *http.Client

	// Book, if set, is what the feed must not contradict; normally the one that
	// has the Subscription among its Sources. Its OnConflict is told.
	Book *Book

	// Interval is the time between two fetches by Run. 0 means 12 h, which public
	// feeds expect; less than 1 h means 1 h.
	Interval time.Duration

	// StartDelay is how long Run waits before its first fetch. 0 means 5 min;
	// negative means not at all, and without the random part.
	StartDelay time.Duration

	// MaxNames bounds the names from this feed. 0 means 100,000.
	MaxNames int

	// OnFetch, if set, is told by Run what came of each fetch.
	OnFetch func(Report, error)

	fetching sync.Mutex
	mu       sync.RWMutex // guards all below
	state    *feedState   // nil until it is read; then replaced, never changed
	version  uint64
}

// maxProblems bounds the faults that a Report tells one by one.
const maxProblems = 50

// Report tells what a fetch did.
type Report struct {
	// NotModified: the feed says nothing new since the last fetch.
	NotModified bool

	// Lines of the feed; Names in the book of this feed now.
	Lines, Names int

	// Applied lines were carried out. Unchanged ones said what was known already.
	// Invalid ones could not be read. Refused ones break a rule, lack a
	// signature, or contradict what is known.
	Applied, Unchanged, Invalid, Refused int

	// Problems tells why lines were invalid or refused: the first 50.
	Problems []*HostsError

	// Conflicts are destinations that were refused for names that have others,
	// the first 50, and changes made here that an entry of the user's or of
	// another feed does not follow.
	Conflicts []*ConflictError
}

var errBusy = errors.New("addrbook: a fetch is under way")

// Fetch fetches the feed now, whatever the Interval, and applies it. It takes 5
// min, 5 MiB before and after unpacking, and 60,000 lines at most. What is not a
// whole feed is an error, often one that wraps [ErrRefused], and changes nothing.
func (s *Subscription) Fetch(ctx context.Context) (Report, error) {
	if !s.fetching.TryLock() {
		return Report{}, errBusy
	}
	defer s.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	st, err := s.load()
	if err != nil {
		return Report{}, err
	}
	f, err := st.fetch(ctx, s.Client)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Report{}, &SourceError{"subscription", err}
	}
	report, err := s.apply(ctx, st, f)
	for _, conflict := range report.Conflicts {
		if s.Book != nil {
			s.Book.tell(conflict)
		}
	}
	return report, err
}

// apply takes a feed over, in one step on the disk and in memory.
func (s *Subscription) apply(ctx context.Context, st *feedState, f *fetched) (Report, error) {
	next := *st
	next.Fetched = time.Now().UTC().Truncate(time.Second)
	report := Report{NotModified: f.notModified}
	if !f.notModified {
		if s.Book != nil { // no other feed may take a name meanwhile
			s.Book.applying.Lock()
			defer s.Book.applying.Unlock()
		}
		next.ETag, next.LastModified = f.etag, f.lastModified
		a := s.applier(ctx, st)
		if err := a.run(f, &report); err != nil {
			return Report{}, err
		}
		next.Entries = a.entries
		if a.early { // or the clock is slow: the same text must come again
			next.ETag, next.LastModified = "", ""
		}
	}
	if err := next.save(s.Path); err != nil {
		return Report{}, err
	}
	s.mu.Lock()
	s.state = &next
	s.version++
	s.mu.Unlock()
	for range s.All() {
		report.Names++
	}
	return report, nil
}

func (s *Subscription) applier(ctx context.Context, st *feedState) *applier {
	a := newApplier(ctx, st.Entries)
	a.max = orDefault(s.MaxNames, 100_000)
	a.others = func(ctx context.Context, name string) ([]keys.Destination, error) {
		if s.Book == nil {
			return nil, nil
		}
		return s.Book.known(ctx, name, s)
	}
	return a
}

// run applies all lines of a feed in their order.
func (a *applier) run(f *fetched, report *Report) error {
	report.Lines, report.Invalid, report.Problems = f.count, f.invalid, f.problems
	for i, r := range f.lines {
		err := a.apply(r)
		var conflict *ConflictError
		switch {
		case a.broken != nil:
			return a.broken
		case err == nil:
			report.Applied++
			continue
		case err == errStale:
			report.Unchanged++
			continue
		case errors.As(err, &conflict) && len(report.Conflicts) < maxProblems:
			report.Conflicts = append(report.Conflicts, conflict)
		}
		report.Refused++
		if len(report.Problems) < maxProblems {
			report.Problems = append(report.Problems, &HostsError{Line: f.numbers[i], Err: err})
		}
	}
	report.Conflicts = append(report.Conflicts, a.notices...)
	if a.broken != nil {
		return a.broken
	}
	return a.ctx.Err()
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
	st, err := loadState(s.Path, s.URL)
	if err != nil {
		return nil, err
	}
	s.state = st
	s.version++
	return st, nil
}

// Lookup implements [Source]. It fails if the file at Path cannot be read.
func (s *Subscription) Lookup(_ context.Context, name string) (keys.Destination, error) {
	st, err := s.load()
	if err != nil {
		return keys.Destination{}, err
	}
	if name, err = canonical(name); err != nil {
		return keys.Destination{}, err
	}
	e := st.Entries[name]
	if !e.live(time.Now()) {
		return keys.Destination{}, ErrNotFound
	}
	return e.Dests[0], nil
}

// All yields the names from this feed in alphabetical order, each with the
// destination in use. It yields nothing if the file at Path cannot be read.
func (s *Subscription) All() iter.Seq2[string, keys.Destination] {
	return func(yield func(string, keys.Destination) bool) {
		st, err := s.load()
		if err != nil {
			return
		}
		now := time.Now()
		for _, name := range slices.Sorted(maps.Keys(st.Entries)) {
			if e := st.Entries[name]; e.live(now) && !yield(name, e.Dests[0]) {
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

// Vouches implements [Voucher]: the old destination has signed the name away.
func (s *Subscription) Vouches(name string, old keys.Destination) bool {
	st, err := s.load()
	return err == nil && st.Entries[name].had(old)
}

// ForgetVisits drops the ETag and the date that the feed gave, by which it could
// recognise the next visit.
func (s *Subscription) ForgetVisits() error {
	if !s.fetching.TryLock() {
		return errBusy
	}
	defer s.fetching.Unlock()
	st, err := s.load()
	if err != nil {
		return err
	}
	next := *st
	next.ETag, next.LastModified = "", ""
	if err := next.save(s.Path); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = &next
	return nil
}
