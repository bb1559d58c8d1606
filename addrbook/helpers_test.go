package addrbook_test

import (
	"bytes"
	"crypto/ed25519"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
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

// whole is the address of an identity.
func whole(id keys.Identity) addrbook.Address { return addrbook.AddressOf(id.Destination()) }

// dest is the destination of an address that has one.
func dest(a addrbook.Address) keys.Destination {
	d, _ := a.Destination()
	return d
}
