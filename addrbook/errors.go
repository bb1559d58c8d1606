package addrbook

import (
	"errors"
	"fmt"

	"github.com/go-i2p/i2psocks/keys"
)

// Callers branch on these with [errors.Is]. No error text of this package
// repeats a name or a destination.
var (
	// ErrNotFound: no source knows the name. A [Source] returns it, or an error
	// that wraps it, for what it does not know, and for nothing else.
	ErrNotFound = errors.New("name not found")

	// ErrConflict: a name that has a destination was to get another one.
	ErrConflict = errors.New("name with two destinations")

	// ErrSignature: a record lacks a signature that it needs, or has a wrong one.
	ErrSignature = errors.New("missing or wrong signature")

	// ErrRefused: a record or a whole feed breaks the rules.
	ErrRefused = errors.New("refused")

	// ErrClient: no HTTP client was given, or one that does not go through I2P
	// for certain, or an address that is not in I2P.
	ErrClient = errors.New("not a client or an address of I2P")
)

// ConflictError tells that somebody offered another destination for a name than
// the one that is known. The known one stays. It wraps [ErrConflict].
type ConflictError struct {
	Name           string
	Known, Offered keys.Destination

	// Source says who offered: the address of a subscription, a position among
	// the Sources of a [Book], or "router".
	Source string

	// Signed says that the known destination has signed the change, which
	// nevertheless may not be made here: the entry is the host program's own.
	Signed bool
}

func (e *ConflictError) Error() string {
	by := "unsigned"
	if e.Signed {
		by = "signed"
	}
	return fmt.Sprintf("addrbook: %v: %s change offered", ErrConflict, by)
}

// Unwrap returns [ErrConflict].
func (e *ConflictError) Unwrap() error { return ErrConflict }
