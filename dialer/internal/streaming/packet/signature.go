package packet

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// ErrSignature reports a packet that is not proven to come from its sender.
var ErrSignature = errors.New("streaming: signature missing or false")

// Signer is a key that signs, in this process or elsewhere: the destination's own, or a transient one
// that the destination has signed offline.
type Signer interface {
	Sign(message []byte) (signature []byte, err error)
}

// Key is who can have signed a packet.
type Key struct {
	Type   keys.SignatureType
	Public []byte
}

// KeyOf returns the signing key of a destination.
func KeyOf(d keys.Destination) Key { return Key{d.SignatureType(), d.SigningKey()} }

// Verify reports whether raw, from which the packet was read, is signed by the key.
// The signature covers the whole packet with itself zeroed. It fails with ErrSignature.
func (p *Packet) Verify(raw []byte, key Key) error {
	if !p.Flags.Has(SignatureIncluded) || len(p.Signature) != key.Type.SignatureLen() {
		return fmt.Errorf("%w: %d bytes for a key of type %s", ErrSignature, len(p.Signature), key.Type)
	}
	message := bytes.Clone(raw)
	clear(message[p.signatureAt():][:len(p.Signature)])
	if !key.Type.Verify(key.Public, message, p.Signature) {
		return ErrSignature
	}
	return nil
}

// Sender reads FROM and returns the destination and the key that must have
// signed the packet: the destination's, or the transient key that it has vouched
// for until a time not before now. It does not verify the packet's own signature.
// It fails with ErrMalformed or ErrSignature.
func (p *Packet) Sender(now time.Time) (keys.Destination, Key, error) {
	if !p.Flags.Has(FromIncluded) {
		return keys.Destination{}, Key{}, fmt.Errorf("%w: no FROM", ErrSignature)
	}
	d, err := keys.DestinationFromBytes(p.From)
	if err != nil {
		return keys.Destination{}, Key{}, fmt.Errorf("%w: FROM: %w", ErrMalformed, err)
	}
	if !p.Flags.Has(OfflineSignature) {
		return d, KeyOf(d), nil
	}
	key, err := verifyOffline(p.Offline, d, now)
	return d, key, err
}

// signatureAt is where the signature stands: it is the last of the options.
func (p *Packet) signatureAt() int {
	return header + len(p.Nacks) + p.optionsLen() - len(p.Signature)
}

// Sign puts the signature into encoded, the bytes that Append has made of p. It fails
// when the signer does, or makes a signature of another length than p has room for.
func (p *Packet) Sign(encoded []byte, s Signer) error {
	return SignAt(encoded, p.signatureAt(), len(p.Signature), s)
}

// SignatureAt is where in the encoded packet the signature stands, and its
// length, for those who sign later: see [SignAt]. Length 0 is no signature.
func (p *Packet) SignatureAt() (offset, length int) {
	if !p.Flags.Has(SignatureIncluded) {
		return 0, 0
	}
	return p.signatureAt(), len(p.Signature)
}

// SignAt signs an encoded packet whose signature of that length stands, zeroed, at offset.
func SignAt(encoded []byte, offset, length int, s Signer) error {
	signature, err := s.Sign(encoded)
	if err != nil {
		return err
	}
	if len(signature) != length {
		return fmt.Errorf("%w: signer made %d bytes, not %d", ErrSignature, len(signature), length)
	}
	copy(encoded[offset:], signature)
	return nil
}
