package addrbook

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 old destinations sign the change to a new key with it
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha1"
	_ "crypto/sha256" // for crypto.Hash.New
	_ "crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/big"

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
	if err != nil || !verify(signer, r.signed(leave...), sig) {
		return fmt.Errorf("%w: %s", ErrSignature, key)
	}
	return nil
}

// Sign returns the record with the property "sig", made by the identity of its
// destination or, for a removal, of its property "dest". Add a property "date",
// in seconds since 1970, before: without one, the record can be played back
// later. It fails for identities that are not of Ed25519.
func (r Record) Sign(id keys.Identity) (Record, error) {
	leave := []string{keySig}
	if r.Name == "" {
		leave = append(leave, keyOldSig)
	}
	return r.sign(id, keySig, leave...)
}

// SignOld returns the record with the property "oldsig", made by the identity of
// its property "olddest". It comes before [Record.Sign].
func (r Record) SignOld(id keys.Identity) (Record, error) {
	return r.sign(id, keyOldSig, keySig, keyOldSig)
}

func (r Record) sign(id keys.Identity, key string, leave ...string) (Record, error) {
	if id.Destination().SignatureType() != keys.Ed25519 {
		return Record{}, fmt.Errorf("addrbook: sign: %w: not an Ed25519 identity", keys.ErrUnsupported)
	}
	blob, err := i2pBase64.DecodeString(id.Reveal())
	if err != nil || len(blob) < ed25519.SeedSize {
		return Record{}, fmt.Errorf("addrbook: sign: %w", keys.ErrMalformed)
	}
	private := ed25519.NewKeyFromSeed(blob[len(blob)-ed25519.SeedSize:])
	r.set(key, i2pBase64.EncodeToString(ed25519.Sign(private, r.signed(leave...))))
	return r, nil
}

// verify knows the signature types of I2P common structures, "Signature".
func verify(d keys.Destination, message, sig []byte) bool {
	if d.IsZero() {
		return false
	}
	key := d.SigningKey()
	switch d.SignatureType() {
	case keys.Ed25519, keys.RedDSA: // which is verified alike
		return ed25519.Verify(key, message, sig)
	case keys.P256:
		return verifyECDSA(elliptic.P256(), crypto.SHA256, key, message, sig)
	case keys.P384:
		return verifyECDSA(elliptic.P384(), crypto.SHA384, key, message, sig)
	case keys.P521:
		return verifyECDSA(elliptic.P521(), crypto.SHA512, key, message, sig)
	case keys.DSASHA1:
		return verifyDSA(key, message, sig)
	}
	return false
}

// verifyECDSA takes a signature of r and s, each as long as a coordinate.
func verifyECDSA(curve elliptic.Curve, hash crypto.Hash, key, message, sig []byte) bool {
	if len(sig) != len(key) {
		return false
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, append([]byte{4}, key...))
	if err != nil {
		return false
	}
	h := hash.New()
	h.Write(message)
	r, s := halves(sig)
	return ecdsa.Verify(public, h.Sum(nil), r, s)
}

// The DSA group that all of I2P shares: I2P cryptography specification, "DSA".
const (
	dsaP = "9C05B2AA960D9B97B8931963C9CC9E8C3026E9B8ED92FAD0A69CC886D5BF8015" +
		"FCADAE31A0AD18FAB3F01B00A358DE237655C4964AFAA2B337E96AD316B9FB1C" +
		"C564B5AEC5B69A9FF6C3E4548707FEF8503D91DD8602E867E6D35D2235C1869C" +
		"E2479C3B9D5401DE04E0727FB33D6511285D4CF29538D9E3B6051F5B22CC1C93"
	dsaQ = "A5DFC28FEF4CA1E286744CD8EED9D29D684046B7"
	dsaG = "0C1F4D27D40093B429E962D7223824E0BBC47E7C832A39236FC683AF84889581" +
		"075FF9082ED32353D4374D7301CDA1D23C431F4698599DDA02451824FF369752" +
		"593647CC3DDC197DE985E43D136CDCFC6BD5409CD2F450821142A5E6F8EB1C3A" +
		"B5D0484B8129FCF17BCE4F7F33321C3CB3DBB14A905E7B2B3E93BE4708CBCC82"
)

func dsaGroup() dsa.Parameters {
	return dsa.Parameters{P: fromHex(dsaP), Q: fromHex(dsaQ), G: fromHex(dsaG)}
}

func verifyDSA(key, message, sig []byte) bool {
	if len(sig) != 40 {
		return false
	}
	hash := sha1.Sum(message)
	r, s := halves(sig)
	public := &dsa.PublicKey{Parameters: dsaGroup(), Y: new(big.Int).SetBytes(key)}
	return public.Y.Sign() > 0 && public.Y.Cmp(public.P) < 0 && dsa.Verify(public, hash[:], r, s)
}

func halves(sig []byte) (r, s *big.Int) {
	n := len(sig) / 2
	return new(big.Int).SetBytes(sig[:n]), new(big.Int).SetBytes(sig[n:])
}

func fromHex(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 16)
	return n
}
