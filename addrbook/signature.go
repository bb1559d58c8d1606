package addrbook

import (
	"encoding/base64"
	"fmt"

	"github.com/go-i2p/i2psocks/keys"
)

var i2pBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").Strict()

// Verify checks the signature "sig", which every record with properties needs,
// by the destination of the record or, for a removal, by that in its property
// "dest". A property "oldsig" is checked too, and needed if there is "olddest",
// by which it was made. The error wraps [ErrSignature], or is one of keys.
//
// Ed25519, RedDSA, the ECDSA types and DSA are known. That a signature is right
// says nothing about whether the signer has a right to the name.
func (r Record) Verify() error {
	signer, leave := r.Destination, []string{keySig}
	if r.Name == "" {
		var err error
		if signer, err = r.destination(keyDest); err != nil {
			return err
		}
		leave = append(leave, keyOldSig)
	}
	if err := r.verify(signer, keySig, leave...); err != nil {
		return err
	}
	if r.Name == "" || r.Get(keyOldSig) == "" && r.Get(keyOldDest) == "" {
		return nil
	}
	old, err := r.destination(keyOldDest)
	if err != nil {
		return err
	}
	return r.verify(old, keyOldSig, keySig, keyOldSig)
}

func (r Record) verify(signer keys.Destination, key string, leave ...string) error {
	sig, err := i2pBase64.DecodeString(r.Get(key))
	if err != nil || !signer.Verify(r.signed(leave...), sig) {
		return fmt.Errorf("%w: %s", ErrSignature, key)
	}
	return nil
}

// Sign returns the record with the property "sig", made by who can sign for its
// destination or, for a removal, for its property "dest". Add a property "date", in
// seconds since 1970, before: without one, the record can be played back later. It
// fails with [ErrSignature] for another signer.
func (r Record) Sign(s keys.Signer) (Record, error) {
	if r.Name != "" {
		return r.sign(s, r.Destination, keySig, keySig)
	}
	d, err := r.destination(keyDest)
	if err != nil {
		return Record{}, err
	}
	return r.sign(s, d, keySig, keySig, keyOldSig)
}

// SignOld returns the record with the property "oldsig", made by who can sign for its
// property "olddest". It comes before [Record.Sign].
func (r Record) SignOld(s keys.Signer) (Record, error) {
	d, err := r.destination(keyOldDest)
	if err != nil {
		return Record{}, err
	}
	return r.sign(s, d, keyOldSig, keySig, keyOldSig)
}

func (r Record) sign(s keys.Signer, d keys.Destination, key string, leave ...string) (Record, error) {
	if s.Destination() != d {
		return Record{}, fmt.Errorf("addrbook: sign: %w: not the signer of %s", ErrSignature, key)
	}
	sig, err := s.Sign(r.signed(leave...))
	if err != nil {
		return Record{}, fmt.Errorf("addrbook: sign: %w", err)
	}
	r.set(key, i2pBase64.EncodeToString(sig))
	return r, nil
}
