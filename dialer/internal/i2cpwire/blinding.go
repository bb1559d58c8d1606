package i2cpwire

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"filippo.io/edwards25519"

	"github.com/go-i2p/i2psocks/keys"
)

// ErrBlinding: a destination whose keys cannot be blinded; those of types Ed25519 and RedDSA can.
var ErrBlinding = errors.New("destination cannot be blinded")

// blinded is the key of a day, by which an encrypted lease set is found and signed: I2P specification of encrypted
// lease sets, "Blinding".
type blinded struct {
	alpha  [32]byte // what is added to the private key
	public [32]byte
}

// blind derives the key of the day in UTC that t is in.
func blind(d keys.Destination, t time.Time) (b blinded, err error) {
	kind := d.SignatureType()
	if d.IsZero() || kind != keys.Ed25519 && kind != keys.RedDSA {
		return b, ErrBlinding
	}
	salt := sha256.Sum256(append([]byte("I2PGenerateAlpha"), keyData(d)...))
	seed, err := hkdf.Key(sha256.New, []byte(t.UTC().Format("20060102")), salt[:], "i2pblinding1", 64)
	if err != nil {
		return b, fmt.Errorf("%w: %w", ErrBlinding, err)
	}
	alpha, err := edwards25519.NewScalar().SetUniformBytes(seed)
	if err != nil {
		return b, fmt.Errorf("%w: %w", ErrBlinding, err)
	}
	point, err := edwards25519.NewIdentityPoint().SetBytes(d.SigningKey())
	if err != nil {
		return b, fmt.Errorf("%w: not a point of the curve", ErrBlinding)
	}
	point.Add(point, edwards25519.NewIdentityPoint().ScalarBaseMult(alpha))
	return blinded{[32]byte(alpha.Bytes()), [32]byte(point.Bytes())}, nil
}

// keyData is the public key with its type and that of its blinded form.
func keyData(d keys.Destination) []byte {
	b := binary.BigEndian.AppendUint16(d.SigningKey(), uint16(d.SignatureType()))
	return binary.BigEndian.AppendUint16(b, uint16(keys.RedDSA))
}

// subcredential binds the encryption of a lease set to who knows the destination.
func subcredential(d keys.Destination, public [32]byte) [32]byte {
	credential := sha256.Sum256(append([]byte("credential"), keyData(d)...))
	b := append([]byte("subcredential"), credential[:]...)
	return sha256.Sum256(append(b, public[:]...))
}
