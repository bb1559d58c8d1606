package addrbook_test

import (
	"bytes"
	"crypto/ed25519"
)

// vectorBytes lays out an identity of Ed25519 with a given seed and padding.
func vectorBytes(seed, padding byte) []byte {
	private := ed25519.NewKeyFromSeed(sequence(seed))
	b := bytes.Repeat(sequence(padding), 11)
	b = append(b, private.Public().(ed25519.PublicKey)...)
	b = append(b, 5, 0, 4, 0, 7, 0, 0)
	b = append(b, bytes.Repeat(sequence(0x80), 8)...)
	return append(b, private.Seed()...)
}
