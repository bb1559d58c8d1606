// Package goi2p converts between the values of package keys and the types of
// github.com/go-i2p/i2pkeys, which sam3, onramp and go-sam-go share.
//
// It is a package of its own because importing i2pkeys links logrus and reads
// the environment at start. Nothing here calls a function of i2pkeys, some of
// which panic, contact a router or log private keys; only its types are used.
//
// It refuses what package keys refuses, with the same errors, and repairs only
// one thing: the keys that i2pkeys' own NewDestination and LoadKeys make, in
// which the destination and a space stand before the private key.
package goi2p

import (
	"fmt"
	"strings"

	"github.com/go-i2p/i2pkeys"

	"github.com/go-i2p/i2psocks/keys"
)

// FromI2PKeys reads an identity out of k. Where k states the destination too,
// it must be the one of the private key. The zero I2PKeys is malformed.
//
// The error wraps [keys.ErrMalformed] or [keys.ErrUnsupported].
func FromI2PKeys(k i2pkeys.I2PKeys) (keys.Identity, error) {
	both := strings.TrimSpace(k.Both)
	cut := strings.LastIndexByte(both, ' ') + 1
	id, err := keys.ParseIdentity(both[cut:])
	if err != nil {
		return keys.Identity{}, fmt.Errorf("goi2p: %w", err)
	}
	for _, stated := range []string{both[:cut], string(k.Address)} {
		stated = strings.TrimSpace(stated)
		if stated != "" && stated != id.Destination().Base64() {
			return keys.Identity{}, fmt.Errorf("goi2p: %w: it states another destination", keys.ErrMalformed)
		}
	}
	return id, nil
}

// ToI2PKeys gives the identity to code that needs i2pkeys' type. Never print,
// log or marshal the result: its String method, and so fmt, shows the secret.
// The zero Identity becomes the zero I2PKeys.
func ToI2PKeys(id keys.Identity) i2pkeys.I2PKeys {
	return i2pkeys.I2PKeys{Address: ToI2PAddr(id.Destination()), Both: id.Reveal()}
}

// FromI2PAddr reads the destination a. White space around it is dropped, since
// i2pkeys may leave some there.
//
// The error wraps [keys.ErrMalformed] or [keys.ErrUnsupported].
func FromI2PAddr(a i2pkeys.I2PAddr) (keys.Destination, error) {
	d, err := keys.ParseDestination(strings.TrimSpace(string(a)))
	if err != nil {
		return keys.Destination{}, fmt.Errorf("goi2p: %w", err)
	}
	return d, nil
}

// ToI2PAddr gives the destination as i2pkeys' type. The zero Destination
// becomes "", which i2pkeys takes for a destination with the hash of nothing:
// test for it first.
func ToI2PAddr(d keys.Destination) i2pkeys.I2PAddr { return i2pkeys.I2PAddr(d.Base64()) }
