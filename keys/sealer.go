package keys

import (
	"context"
	"strings"
)

// Sealer encrypts the files of a [Dir]. Package keys/ageseal has one; it is separate so that a store of plain files
// does not link it.
//
// Implementations must be safe for concurrent use and must not retain their arguments. Other operations of the store wait for them
// meanwhile, so that they must not use it.
type Sealer interface {
	// Seal encrypts plain. It must fail if Open could not read the result. Stores open the result at once to check
	// it.
	Seal(ctx context.Context, plain []byte) ([]byte, error)

	// Open decrypts what Seal returned. It must detect every change: the error wraps [ErrPassphrase] if the data was
	// sealed by another Sealer, otherwise [ErrMalformed]. It must limit the work that foreign data can cause.
	Open(ctx context.Context, sealed []byte) ([]byte, error)
}

// isAge knows the files of the one Sealer that is here, to name them as such.
func isAge(text string) bool {
	return strings.HasPrefix(text, "age-encryption.org/v1\n") || strings.HasPrefix(text, "-----BEGIN AGE")
}

// fileText is what is in a key file, before sealing.
func fileText(id Identity, label string) string {
	if label == "" {
		return id.Reveal() + "\n"
	}
	return id.Reveal() + "\n" + labelMark + label + "\n"
}

func parseFileText(text string) (Identity, string, error) {
	if isAge(text) {
		return Identity{}, "", ErrSealed
	}
	key, label := cutLabel([]byte(text))
	id, err := identityFromText(strings.TrimSuffix(string(key), "\n"))
	return id, label, err
}
