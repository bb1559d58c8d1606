package keys

import (
	"bytes"
	"context"
	"fmt"
)

// What is sealed begins with a line that says in which form it is and where it belongs; then come the lines of
// a plain key file. Former versions sealed the latter alone.
const sealedForm = "i2p identity 2 "

// SealIdentity returns the encrypted form in which a store keeps id under a name: the identity, with the name and the
// version of the format, sealed by s. It is opened again and compared before it is returned. A store that keeps
// several identities of a name must add to the name what distinguishes them, without line breaks.
//
// The error wraps [ErrMalformed] for the zero Identity, [ErrUnsupported] for a Sealer whose output cannot be used, or
// is an error of s.
func SealIdentity(ctx context.Context, s Sealer, name string, id Identity) ([]byte, error) {
	if id.IsZero() {
		return nil, ErrMalformed
	}
	return seal(ctx, s, sealedText(name, fileText(id, "")))
}

// OpenIdentity decrypts what [SealIdentity] returned. If it was sealed for another name the error is [ErrAltered]; so
// it is for what an earlier version of this package has sealed, without a name, unless former is true. The error
// wraps [ErrNotSealed] for a plain identity, or is an error of s or of [ParseIdentity].
func OpenIdentity(ctx context.Context, s Sealer, name string, sealed []byte, former bool) (Identity, error) {
	text, err := unseal(ctx, s, sealed)
	if err != nil {
		return Identity{}, err
	}
	id, _, err := parseSealedText(text, name, former)
	return id, err
}

// sealFile makes a key file, plain if s is nil.
func sealFile(ctx context.Context, s Sealer, name string, id Identity, label string) ([]byte, error) {
	if s == nil {
		return []byte(fileText(id, label)), nil
	}
	return seal(ctx, s, sealedText(name, fileText(id, label)))
}

func sealedText(name, text string) string { return sealedForm + name + "\n" + text }

func parseSealedText(text, name string, former bool) (Identity, string, error) {
	owner, rest := cutName([]byte(text))
	switch {
	case owner == "" && former:
		return parseFileText(text)
	case owner == "":
		if id, label, err := parseFileText(text); err != nil {
			return id, label, err
		}
		return Identity{}, "", fmt.Errorf("%w: of a former version, without a name", ErrAltered)
	case owner != name:
		return Identity{}, "", fmt.Errorf("%w: sealed for another name", ErrAltered)
	}
	return parseFileText(string(rest))
}

// cutName splits what was sealed into the name and the rest. What a former version sealed has no name.
func cutName(text []byte) (name string, rest []byte) {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	if owner, ok := bytes.CutPrefix(line, []byte(sealedForm)); ok && len(owner) > 0 {
		return string(owner), rest
	}
	return "", text
}

// seal turns a text into bytes, of which it makes sure that they can be read.
func seal(ctx context.Context, s Sealer, text string) ([]byte, error) {
	sealed, err := s.Seal(ctx, []byte(text))
	if err != nil {
		return nil, err
	}
	switch {
	case len(sealed) == 0 || len(sealed) > maxKeyFile:
		return nil, fmt.Errorf("%w: the Sealer made %d bytes", ErrUnsupported, len(sealed))
	case bytes.Contains(sealed, []byte(text)) || isPlain(sealed):
		return nil, fmt.Errorf("%w: the Sealer does not encrypt", ErrUnsupported)
	}
	back, err := s.Open(ctx, bytes.Clone(sealed))
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	if string(back) != text {
		return nil, fmt.Errorf("%w: the Sealer does not open what it sealed", ErrUnsupported)
	}
	return sealed, nil
}

// unseal is the way back.
func unseal(ctx context.Context, s Sealer, raw []byte) (string, error) {
	if isPlain(raw) {
		return "", fmt.Errorf("%w: a plain file in an encrypted store", ErrNotSealed)
	}
	text, err := s.Open(ctx, raw)
	return string(text), err
}

// isPlain reports whether raw is a key file that was not sealed. It is not told by its characters: a Sealer
// may write any.
func isPlain(raw []byte) bool {
	_, raw = cutName(raw)
	_, _, err := parseFileText(string(raw))
	return err == nil
}
