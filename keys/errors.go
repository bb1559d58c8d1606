package keys

import (
	"errors"
	"fmt"
	"strconv"
)

// Callers branch on these with [errors.Is]. No error of this package contains
// key material or repeats its input, except the path of a directory.
var (
	// ErrMalformed: the bytes or the text are not a well-formed key, or its
	// private half does not belong to its public half.
	ErrMalformed = errors.New("malformed key")

	// ErrUnsupported: well-formed as far as it can be told, but of a kind that
	// is refused: a certificate type that is no longer in use; an identity of a signature or crypto type that
	// some router refuses or crashes on, or that is offline-signed.
	ErrUnsupported = errors.New("unsupported kind of key")

	// ErrOffline is the ErrUnsupported of an offline-signed key, whose signing key is replaced by
	// a transient one with a signature. It expires, routers
	// disagree about it, and it cannot be checked without the network's time. [ParseTransient] reads it.
	ErrOffline = fmt.Errorf("%w: offline-signed", ErrUnsupported)

	// ErrSealed: encrypted, and no way to decrypt was given.
	ErrSealed = errors.New("encrypted")

	// ErrNotSealed: plain, where encrypted files were asked for.
	ErrNotSealed = errors.New("not encrypted")

	// ErrPassphrase: encrypted with another passphrase, or to another key.
	ErrPassphrase = errors.New("wrong passphrase or key")

	// ErrAltered: what is sealed is not what the store has put there. It was sealed for another name, put back
	// from an earlier time, added or taken away by somebody else.
	ErrAltered = errors.New("altered outside the store")

	// ErrPermissions: a directory or file of a [Dir] is open to other users,
	// belongs to another user, or is not a regular file.
	ErrPermissions = errors.New("unsafe file or directory")

	// ErrLocked: another [Dir], here or in another process, has the directory.
	ErrLocked = errors.New("directory in use")

	// ErrName: not a name for a [Store].
	ErrName = errors.New("invalid name for an identity")
)

// StoreError is what the stores of this package return: the operation (its
// method in lower case; "open"; "load" for LoadRetired), the name it was about
// and the cause. The name is empty where there is none or it is not a valid one.
type StoreError struct {
	Op   string
	Name string
	Err  error
}

func (e *StoreError) Error() string {
	about := "store"
	if e.Name != "" {
		about = strconv.Quote(e.Name)
	}
	return "keys: " + e.Op + " " + about + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *StoreError) Unwrap() error { return e.Err }
