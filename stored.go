package i2psocks

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// DefaultMaxPersistent is the meaning of a zero [Isolation.MaxPersistent].
const DefaultMaxPersistent = 1024

// ErrMaxPersistent reports that the identity of a new token is not made, because Keys or Dir already hold as many as
// [Isolation.MaxPersistent] permits. The existing ones remain usable. SOCKS clients get [socks.NotAllowed]. Unlike
// [dialer.ErrLimit] it does not pass by itself.
var ErrMaxPersistent = errors.New("too many stored identities of isolation tokens: raise Isolation.MaxPersistent, or delete from the store those that are not needed")

// recount is how long to rely on what the store was seen to hold: others may add to it and delete from it.
const recount = time.Minute

// isolatedPrefix is what the names of stored identities of tokens begin with, and tokenDigits how many follow.
const (
	isolatedPrefix = "i-"
	tokenDigits    = 40
)

// isIsolated tells the identities of tokens from others in a store.
func isIsolated(name string) bool {
	digits, ok := strings.CutPrefix(name, isolatedPrefix)
	_, err := hex.DecodeString(digits)
	return ok && err == nil && len(digits) == tokenDigits
}

// bounded is a store that saves no more identities of tokens than it may hold. It lists the store for the first one that is
// new, and after that at most once in the time recount, so that clients that invent user names cost nothing much.
type bounded struct {
	keys.Store
	most int
	turn chan struct{} // holds a value while somebody lists

	mu      sync.Mutex
	held    int // including what is being saved
	saving  int
	counted time.Time // zero before the first time
}

// bound returns the store for the identities of tokens.
func (i *Isolation) bound(store keys.Store) keys.Store {
	most := cmp.Or(i.MaxPersistent, DefaultMaxPersistent)
	if most < 0 {
		return store
	}
	return &bounded{Store: store, most: most, turn: make(chan struct{}, 1)}
}

// Save implements [keys.Store].
func (b *bounded) Save(ctx context.Context, name string, id keys.Identity) error {
	if err := b.count(ctx); err != nil {
		return err
	}
	if !b.reserve() {
		return ErrMaxPersistent
	}
	err := b.Store.Save(ctx, name, id)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saving--
	if err != nil {
		b.held--
	}
	return err
}

// reserve counts one more, if there may be one.
func (b *bounded) reserve() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held >= b.most {
		return false
	}
	b.held++
	b.saving++
	return true
}

// count lists the store if that was long ago.
func (b *bounded) count(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	b.mu.Lock()
	known := !b.counted.IsZero() && time.Since(b.counted) < recount
	b.mu.Unlock()
	if known {
		return nil
	}
	names, err := b.Store.Names(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held, b.counted = b.saving, time.Now() // some of which may be listed too: better one too few until the next time
	for _, name := range names {
		if isIsolated(name) {
			b.held++
		}
	}
	return nil
}
