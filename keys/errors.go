package keys

import "errors"

// Callers branch on these with [errors.Is]. No error of this package contains
// key material or repeats its input.
var (
	// ErrMalformed: the bytes or the text are not a well-formed key, or its
	// private half does not belong to its public half.
	ErrMalformed = errors.New("malformed key")

	// ErrUnsupported: well-formed as far as it can be told, but of a kind that
	// is refused: a signature, crypto or certificate type that not every router
	// bears (some crash on it), or an offline-signed key.
	ErrUnsupported = errors.New("unsupported kind of key")
)
