package etcdkeys

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// do runs an operation on names, the first of which it is about, when it is
// their turn.
func (s *Store) do(ctx context.Context, op string, names []string, f func() error) error {
	if !keys.ValidName(names[0]) {
		return &keys.StoreError{Op: op, Err: keys.ErrName}
	}
	err := s.usable(ctx)
	if err == nil {
		err = s.inTurn(ctx, names, f)
	}
	if err != nil {
		return &keys.StoreError{Op: op, Name: names[0], Err: err}
	}
	return nil
}

func (s *Store) inTurn(ctx context.Context, names []string, f func() error) error {
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		done, err := s.turns.take(ctx, name)
		if err != nil {
			return err
		}
		defer done()
	}
	if err := s.checkSealer(ctx); err != nil {
		return err
	}
	return f()
}

var minTTL = floorTTL // tests have no time

// usable checks the fields and that the Store is neither closed nor lost.
func (s *Store) usable(ctx context.Context) error {
	switch {
	case s.Client == nil:
		return fmt.Errorf("no Client: %w", fs.ErrInvalid)
	case s.TTL != 0 && s.TTL < minTTL || s.TTL > maxTTL || s.Timeout < 0 || len(s.Host) > maxHost:
		return fmt.Errorf("TTL, Timeout or Host: %w", fs.ErrInvalid)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

func (s *Store) ttl() time.Duration {
	if s.TTL == 0 {
		return defaultTTL
	}
	return s.TTL
}

func (s *Store) timeout() time.Duration {
	if s.Timeout == 0 {
		return defaultTimeout
	}
	return s.Timeout
}

func (s *Store) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}

// Close gives back all that the Store owns. Other hosts can own the names at once; Load waits
// for destinations that were given out, for 7 s at most. Close what uses the identities first. If etcd cannot be reached the error
// says so, and others have to wait. Operations fail with os.ErrClosed afterwards.
// Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.ended == os.ErrClosed {
		s.mu.Unlock()
		return nil
	}
	s.endLocked(os.ErrClosed)
	session, claims := s.session, s.claims
	s.session, s.claims = nil, nil
	s.mu.Unlock()

	var err error
	patience := s.timeout() // for each claim, until one was not answered
	request := func(f func(ctx context.Context) error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err = cmp.Or(err, f(ctx))
		if isDeadline(err) {
			patience = 0
		}
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) { // destinations first, which begin with a dot
		request(func(ctx context.Context) error { return s.giveBack(ctx, claims[name], true) })
	}
	if session != nil {
		request(func(ctx context.Context) error { return s.stop(ctx, session) })
	}
	if err != nil {
		return &keys.StoreError{Op: "close", Err: s.unanswered(context.Background(), err)}
	}
	return nil
}
