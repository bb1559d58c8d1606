package keys

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Format is a file format for identities of other programs.
type Format string

// The formats that [Import] tells apart.
const (
	// FormatSAM is one line of I2P base64, as SAM's DEST GENERATE answers. A
	// plain file of [Dir] may have a second line with a label, and an encrypted one has a first line with its name,
	// which are passed over.
	FormatSAM Format = "sam"

	// FormatBinary is the same key in bytes: i2pd's .dat files, Java's
	// eepPriv.dat and i2ptunnel private key files.
	FormatBinary Format = "dat"

	// FormatI2PKeys is the text of i2pkeys, onramp and sam3, .i2p.private: a
	// line with the destination, a line with the key, no newline at the end.
	FormatI2PKeys Format = "i2pkeys"

	// FormatI2PKeysDamaged is the same as i2pkeys' NewDestination writes it,
	// with the destination and a space in front of the key, which routers
	// refuse. It is read and never written.
	FormatI2PKeysDamaged Format = "i2pkeys-damaged"
)

// Import reads an identity in any of the formats up to the end of r, at most 64 KiB, and returns the format. Text may
// end in newlines. A destination beside the key must match the key.
//
// The key is validated as by [IdentityFromBytes]. The error wraps [ErrMalformed], [ErrUnsupported] (such as
// [ErrOffline]), [ErrSealed] for an age file, or an error of r.
func Import(r io.Reader) (Identity, Format, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxKeyFile+1))
	if err != nil {
		return Identity{}, "", fmt.Errorf("keys: import: %w", err)
	}
	id, format, err := importBytes(b)
	if err != nil {
		return Identity{}, "", fmt.Errorf("keys: import: %w", err)
	}
	return id, format, nil
}

func importBytes(b []byte) (Identity, Format, error) {
	if len(b) <= maxKeyFile {
		_, b = cutName(b) // of a file of Dir that was decrypted
		b, _ = cutLabel(b)
	}
	switch {
	case len(b) == 0 || len(b) > maxKeyFile:
		return Identity{}, "", fmt.Errorf("%w: size of the file", ErrMalformed)
	case isAge(string(b)):
		return Identity{}, "", ErrSealed
	case !isText(b):
		id, err := identityFromBytes(b)
		return id, FormatBinary, err
	}
	first, second, two := strings.Cut(strings.TrimRight(string(b), "\r\n"), "\n")
	if two {
		return importTwoLines(first, second)
	}
	id, err := identityFromText(first)
	return id, FormatSAM, err
}

// isText is certain: the certificate type in a binary key is 0 or 5, which no
// text has.
func isText(b []byte) bool {
	for _, c := range b {
		if !isBase64(c) && c != ' ' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

func importTwoLines(first, second string) (Identity, Format, error) {
	format := FormatI2PKeys
	cut := strings.LastIndexByte(second, ' ') + 1
	if cut > 0 {
		format = FormatI2PKeysDamaged
	}
	id, err := identityFromText(second[cut:])
	if err != nil {
		return Identity{}, "", err
	}
	stated := []string{strings.TrimRight(first, " \r")}
	if cut > 0 {
		stated = append(stated, strings.TrimRight(second[:cut], " "))
	}
	for _, s := range stated {
		if s != id.Destination().Base64() {
			return Identity{}, "", fmt.Errorf("%w: the file states another destination", ErrMalformed)
		}
	}
	return id, format, nil
}

// Export returns id, including its secret, in the given format. Treat the result as [Identity.Reveal] says.
//
// The error wraps [ErrMalformed] for the zero Identity and [ErrUnsupported] for a format that cannot be written.
func Export(id Identity, f Format) ([]byte, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("keys: export: %w: no identity", ErrMalformed)
	}
	switch f {
	case FormatSAM:
		return []byte(id.Reveal() + "\n"), nil
	case FormatBinary:
		return bytes.Clone(id.open().blob), nil
	case FormatI2PKeys:
		return []byte(id.Destination().Base64() + "\n" + id.Reveal()), nil
	}
	return nil, fmt.Errorf("keys: export: %w: format %q", ErrUnsupported, f)
}
