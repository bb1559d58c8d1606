package keys

import (
	"context"
	"errors"
	"io/fs"
	"strings"
)

// Store keeps identities by name. A name has 1 to 64 of the characters a-z,
// 0-9, '_' and '-', and is not a device name of Windows such as "con".
//
// Implementations must be safe for concurrent use, within the process and, if
// they share their storage, between processes. What is saved must survive a
// crash once Save has returned, and a crash during Save must leave either the
// whole identity or none.
type Store interface {
	// Load returns the identity called name. The error is fs.ErrNotExist if,
	// and only if, the store knows for certain that it has none; one that is
	// unreadable or damaged must be any other error.
	Load(ctx context.Context, name string) (Identity, error)

	// Save keeps id as name. It never replaces: if the name is taken, even by
	// the same identity, the error is fs.ErrExist. Of several concurrent calls
	// with one name at most one succeeds.
	Save(ctx context.Context, name string, id Identity) error

	// Delete removes the identity called name, for good, or fails with
	// fs.ErrNotExist.
	Delete(ctx context.Context, name string) error

	// Names lists the names in use, sorted. An identity that is listed may
	// still fail to load.
	Names(ctx context.Context) ([]string, error)
}

// Exclusive is a [Store] whose identities only one of several hosts may use at a time, such as that of keys/etcd. An
// i2psocks.Endpoint with such a store ends when Lost closes.
type Exclusive interface {
	Store

	// Lost returns a channel, always the same, that is closed when this host may no longer use what it has loaded
	// from the Store, or the Store was closed. Whatever uses the identities must then end at once.
	Lost() <-chan struct{}
}

// LoadOrGenerate returns the identity called name, or generates and saves one if the store reports fs.ErrNotExist.
// Every other error is returned: an identity that cannot be read is never replaced by a new one. If several callers
// race, all get the identity that was saved first.
func LoadOrGenerate(ctx context.Context, store Store, name string) (Identity, error) {
	id, err := store.Load(ctx, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if id, err = Generate(); err != nil {
		return Identity{}, err
	}
	err = store.Save(ctx, name, id)
	if errors.Is(err, fs.ErrExist) {
		return store.Load(ctx, name)
	}
	if err != nil {
		return Identity{}, err
	}
	return id, nil
}

// ValidName reports whether a [Store] accepts name: 1 to 64 lower-case letters, digits, '_' and '-', but no name that
// Windows reserves for a device. It is for implementers of a Store.
func ValidName(name string) bool {
	if len(name) < 1 || len(name) > 64 || isDevice(name) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// isDevice names the files that Windows takes for devices in every directory,
// whatever the extension. They are refused everywhere, to keep stores portable.
func isDevice(name string) bool {
	switch name {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(name) == 4 && (strings.HasPrefix(name, "com") || strings.HasPrefix(name, "lpt")) &&
		'0' <= name[3] && name[3] <= '9'
}
