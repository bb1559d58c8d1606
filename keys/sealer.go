package keys

import (
	"context"
	"strings"
)

// Sealer encrypts what a [Dir] writes. Package keys/ageseal has one; it is not
// here so that a store of plain files does not link it.
//
// Implementations must be safe for concurrent use and keep no reference to
// their arguments.
type Sealer interface {
	// Seal encrypts plain. It must fail where Open could not read the result. What a store seals it
	// opens at once, to make sure.
	Seal(ctx context.Context, plain []byte) ([]byte, error)

	// Open decrypts what Seal made. It must notice every change: the error wraps
	// ErrPassphrase if this Sealer is not the one for it, else ErrMalformed.
	// It must bound the work that a foreign file can cause.
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
