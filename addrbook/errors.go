package addrbook

import (
	"errors"
	"fmt"
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

	// ErrGone: a file that was there is not. It is not taken for an empty one: a
	// volume may be unmounted, or an editor at work. To begin anew, remove the file
	// with the same name and ".lock" too.
	ErrGone = errors.New("a file that was there is gone")

	// ErrLocked: another program, or another File or Subscription with the same
	// path, has been changing a file for too long.
	ErrLocked = errors.New("another program is changing the file")

	// ErrEmpty: there is nothing to write.
	ErrEmpty = errors.New("nothing to write")

	// ErrChanged: a file is not as it was when its replacement was made.
	ErrChanged = errors.New("changed meanwhile")

	// ErrDialer: no Dialer was given, or one that goes to the Internet.
	ErrDialer = errors.New("not a dialer of I2P")

	// ErrURL: an address that is not in I2P, or not to be visited: see [Subscription].
	ErrURL = errors.New("not an address in I2P")
)

// ConflictError reports that a source offered another destination for a name than the known one. The known one stays,
// unless Overruled is set. It wraps [ErrConflict].
type ConflictError struct {
	Name           string
	Known, Offered Address

	// Source says who offered: the address of a subscription, a position among
	// the Sources of a [Book], or "router".
	Source string

	// Signed says that the known destination has signed the change, which
	// nevertheless may not be made here: the entry is the host program's own.
	Signed bool

	// Former says that a destination signed the change which had the name before,
	// and has signed it away since.
	Former bool

	// Overruled says that the known address did not stay: only sources that are
	// trusted less than this feed have it.
	Overruled bool
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
