package i2cpwire

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20"

	"github.com/go-i2p/i2psocks/keys"
)

// EncryptedLeaseSet is the outside of an encrypted lease set, which all may see.
type EncryptedLeaseSet struct {
	Key       [32]byte // blinded, of the day
	Published time.Time
	Expires   time.Time
	sealed    []byte
}

// SignEncrypted appends an encrypted lease set, without the byte of its type: l, wrapped for all who know the
// destination, or for its clients alone if there are any. It expires at midnight UTC at the latest, when the key changes.
func (l LeaseSet) SignEncrypted(b []byte, s keys.BlindedSigner, clients Clients) ([]byte, error) {
	d := s.Destination()
	key, err := blind(d, l.Published)
	if err != nil {
		return nil, err
	}
	if midnight := l.Published.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour); l.Expires.After(midnight) {
		l.Expires = midnight
	}
	l.Blinded = true
	inner, err := l.Sign([]byte{byte(LeaseSet2Type)}, s)
	if err != nil {
		return nil, err
	}
	sub := subcredential(d, key.public)
	input := appendSeconds(sub[:], l.Published)
	head, cookie, err := clients.seal(input)
	if err != nil {
		return nil, err
	}
	sealed := seal("ELS2_L1K", input, append(head, seal("ELS2_L2K", append(cookie, input...), inner)...))
	body := binary.BigEndian.AppendUint16([]byte{byte(EncryptedLeaseSetType)}, uint16(keys.RedDSA))
	body = append(body, key.public[:]...)
	if body, err = appendLife(body, l.Published, l.Expires); err != nil {
		return nil, err
	}
	body = append(body, 0, 0) // flags
	body = binary.BigEndian.AppendUint16(body, uint16(len(sealed)))
	body = append(body, sealed...)
	sig, err := s.SignBlinded(key.alpha, body)
	if err != nil {
		return nil, fmt.Errorf("sign lease set: %w", err)
	}
	return append(append(b, body[1:]...), sig...), nil
}

// ParseEncrypted reads what SignEncrypted writes. The signature must be right.
func ParseEncrypted(b []byte) (EncryptedLeaseSet, error) {
	c := &cursor{b: b}
	e, ok := c.encryptedLeaseSet()
	if !c.end() {
		return EncryptedLeaseSet{}, fmt.Errorf("encrypted lease set: %w", ErrMalformed)
	}
	if !ok {
		return EncryptedLeaseSet{}, fmt.Errorf("encrypted lease set: %w: wrong signature", ErrMalformed)
	}
	return e, nil
}

// encryptedLeaseSet takes an encrypted lease set and reports whether its signature is right. Blinded keys that sign
// through a transient one (flag 1) are not made by anybody and refused.
func (c *cursor) encryptedLeaseSet() (e EncryptedLeaseSet, verified bool) {
	all := c.b
	kind := keys.SignatureType(c.u16())
	e.Key = c.hash()
	e.Published = c.seconds()
	e.Expires = e.Published.Add(time.Duration(c.u16()) * time.Second)
	flags := c.u16()
	e.sealed = c.bytes(int(c.u16()))
	if c.bad || kind != keys.RedDSA || flags&flagOffline != 0 {
		c.bad = true
		return e, false
	}
	signed := append([]byte{byte(EncryptedLeaseSetType)}, all[:len(all)-len(c.b)]...)
	return e, kind.Verify(e.Key[:], signed, c.bytes(kind.SignatureLen()))
}

// Open decrypts the lease set of a destination that d is known to be. client is the key of one of its clients, none
// if all are let in.
func (e EncryptedLeaseSet) Open(d keys.Destination, client ClientKey) (LeaseSet, error) {
	key, err := blind(d, e.Published)
	if err != nil {
		return LeaseSet{}, err
	}
	if key.public != e.Key {
		return LeaseSet{}, fmt.Errorf("encrypted lease set: %w: another destination's", ErrMalformed)
	}
	sub := subcredential(d, key.public)
	input := appendSeconds(sub[:], e.Published)
	outer, ok := open("ELS2_L1K", input, e.sealed)
	if !ok {
		return LeaseSet{}, fmt.Errorf("encrypted lease set: %w", ErrMalformed)
	}
	sealed, cookie, err := client.open(input, outer)
	if err != nil {
		return LeaseSet{}, err
	}
	inner, ok := open("ELS2_L2K", append(cookie, input...), sealed)
	if !ok || len(inner) == 0 || inner[0] != byte(LeaseSet2Type) {
		return LeaseSet{}, fmt.Errorf("encrypted lease set: %w: inside", ErrMalformed)
	}
	l, err := ParseLeaseSet(inner[1:])
	if err == nil && (l.Destination != d || !l.Blinded) {
		err = fmt.Errorf("encrypted lease set: %w: another destination's inside", ErrMalformed)
	}
	return l, err
}

const saltLen = 32

// seal encrypts one layer: a random salt, and the rest by a key that follows from it and the input.
func seal(info string, input, plain []byte) []byte {
	b := make([]byte, saltLen+len(plain))
	rand.Read(b[:saltLen]) // never fails: crypto/rand ends the process instead
	stream(derive(info, input, b[:saltLen], 44)).XORKeyStream(b[saltLen:], plain)
	return b
}

func open(info string, input, sealed []byte) ([]byte, bool) {
	if len(sealed) < saltLen {
		return nil, false
	}
	plain := make([]byte, len(sealed)-saltLen)
	stream(derive(info, input, sealed[:saltLen], 44)).XORKeyStream(plain, sealed[saltLen:])
	return plain, true
}

func derive(info string, input, salt []byte, n int) []byte {
	key, err := hkdf.Key(sha256.New, input, salt, info, n)
	if err != nil { // too long, which it is not
		panic("i2cpwire: " + err.Error())
	}
	return key
}

// stream returns ChaCha20 by 32 bytes of key and 12 of nonce. I2P counts blocks from 1.
func stream(key []byte) *chacha20.Cipher {
	c, err := chacha20.NewUnauthenticatedCipher(key[:32], key[32:44])
	if err != nil { // of the wrong length, which it is not
		panic("i2cpwire: " + err.Error())
	}
	c.SetCounter(1)
	return c
}
