package addrbook

import (
	"context"
	"errors"
	"time"
)

// maxProblems bounds the faults that a Report tells one by one.
const maxProblems = 50

// Report describes the result of a fetch.
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
	// attempts of former owners among them, and what was carried out here and differs
	// from an entry of the user's or of another feed, which does not follow or is
	// overruled: the first 50 of either.
	Conflicts []*ConflictError
}

var errBusy = errors.New("addrbook: a fetch is under way")

// Fetch fetches the feed now, whatever the Interval, and applies it. It is limited to 5 min, 5 MiB before and after
// decompression, and 60,000 lines. If the feed is incomplete or invalid it returns an error, often one that wraps
// [ErrRefused], and changes nothing.
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
	f, err := st.fetch(ctx, visitor{s.Dialer, s.Roots})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Report{}, &SourceError{"subscription", err}
	}
	var report Report
	err = s.change(ctx, func(st *feedState) (err error) {
		report, err = s.apply(ctx, st, f)
		return err
	})
	if err != nil {
		return Report{}, err
	}
	for range s.All() {
		report.Names++
	}
	for _, conflict := range report.Conflicts {
		conflict.Source = s.URL
		if s.Book != nil {
			s.Book.tell(conflict)
		}
	}
	return report, nil
}

// change gives the newest state to f, which changes it, and puts it on the disk and in
// memory in one step.
func (s *Subscription) change(ctx context.Context, f func(*feedState) error) error {
	if s.Path != "" {
		unlock, err := lockPath(ctx, s.Path, newState(s.URL).text(), s.hasRead())
		if err != nil {
			return err
		}
		defer unlock()
	}
	st, err := s.refresh()
	if err != nil {
		return err
	}
	next := *st
	if err := f(&next); err != nil {
		return err
	}
	stamp, err := next.save(s.Path, s.maxState())
	if err != nil {
		return err
	}
	s.take(&next, stamp)
	return nil
}

func (s *Subscription) take(st *feedState, stamp stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.stamp = st, stamp
	s.version++
}

// refresh reads the state again if another program has changed it. The file is locked.
func (s *Subscription) refresh() (*feedState, error) {
	st, err := s.load()
	if err != nil || s.Path == "" {
		return st, err
	}
	now, err := stampOf(s.Path)
	s.mu.RLock()
	was := s.stamp
	s.mu.RUnlock()
	if err != nil || now != nil && sameStamp(now, was) {
		return st, err
	}
	st, now, err = loadState(s.Path, s.URL, s.maxState(), was != nil)
	if err == nil {
		s.take(st, now)
	}
	return st, err
}

// hasRead reports whether the state is from a file.
func (s *Subscription) hasRead() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.stamp != nil
}

// apply takes a feed over. One that has not been modified says nothing of what another
// program may have learnt from it meanwhile, which stays.
func (s *Subscription) apply(ctx context.Context, st *feedState, f *fetched) (Report, error) {
	st.Fetched = time.Now().UTC().Truncate(time.Second)
	report := Report{NotModified: f.notModified}
	if f.notModified {
		return report, nil
	}
	if s.Book != nil { // no other feed may take a name meanwhile
		s.Book.applying.Lock()
		defer s.Book.applying.Unlock()
	}
	a := s.applier(ctx, st)
	if err := a.run(f, &report); err != nil {
		return Report{}, err
	}
	st.Entries, st.ETag, st.LastModified = a.entries, f.etag, f.lastModified
	if a.early { // or the clock is slow: the same text must come again
		st.ETag, st.LastModified = "", ""
	}
	return report, nil
}

func (s *Subscription) applier(ctx context.Context, st *feedState) *applier {
	a := newApplier(ctx, st.Entries)
	a.max, a.maxSize = orDefault(s.MaxNames, 100_000), orDefault(s.MaxBytes, maxBytes)
	a.others = func(ctx context.Context, name string) (others, error) {
		if s.Book == nil {
			return others{}, nil
		}
		return s.Book.others(ctx, name, s)
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

// ForgetVisits removes the ETag and date of the feed, by which it could recognise the next visit.
func (s *Subscription) ForgetVisits() error {
	if !s.fetching.TryLock() {
		return errBusy
	}
	defer s.fetching.Unlock()
	return s.change(context.Background(), func(st *feedState) error {
		st.ETag, st.LastModified = "", ""
		return nil
	})
}
