package i2cpwire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// LeaseSetType is the kind of a lease set.
type LeaseSetType uint8

// The kinds: I2P database structures. A meta lease set (7) is refused: it points to other destinations, whose
// words would then count as this one's.
const (
	LeaseSet2Type         LeaseSetType = 3
	EncryptedLeaseSetType LeaseSetType = 5
	MetaLeaseSetType      LeaseSetType = 7
)

// EncryptionType is how peers encrypt to a session: 4 is X25519, 5 to 7 the hybrids of it with ML-KEM.
type EncryptionType uint16

// The encryption types. Those with ML-KEM have the plain X25519 key in the lease set; the rest is the router's.
const (
	X25519          EncryptionType = 4
	X25519MLKEM512  EncryptionType = 5
	X25519MLKEM768  EncryptionType = 6
	X25519MLKEM1024 EncryptionType = 7
)

// EncryptionKey is a public or private key of a type, 32 bytes for all above.
type EncryptionKey struct {
	Type EncryptionType
	Key  []byte
}

// LeaseSet says where a destination can be reached and how to encrypt to it: I2P database structures, "LeaseSet2".
type LeaseSet struct {
	Destination keys.Destination
	Published   time.Time              // in whole seconds, and later than any before it
	Expires     time.Time              // at most 65535 s later
	Offline     *keys.OfflineSignature // of the signer, if it signs by a transient key
	Unpublished bool                   // for peers that it is sent to alone
	Blinded     bool                   // to be wrapped into an encrypted one
	Options     Mapping
	Keys        []EncryptionKey
	Leases      []Lease
}

// Flags of a lease set.
const (
	flagOffline     = 1 << 0
	flagUnpublished = 1 << 1
	flagBlinded     = 1 << 2
)

const maxEncryptionKeys = 8

// errLeaseSet: a lease set that cannot be made.
var errLeaseSet = errors.New("invalid lease set")

// Sign appends the lease set, without the byte of its type, signed by s. Destination and Offline are those of s.
func (l LeaseSet) Sign(b []byte, s keys.Signer) ([]byte, error) {
	l.Destination, l.Offline = s.Destination(), nil
	if off, ok := s.(keys.OfflineSigner); ok {
		o := off.OfflineSignature()
		l.Offline = &o
	}
	body, err := l.appendUnsigned([]byte{byte(LeaseSet2Type)})
	if err != nil {
		return nil, err
	}
	sig, err := s.Sign(body)
	if err != nil {
		return nil, fmt.Errorf("sign lease set: %w", err)
	}
	return append(append(b, body[1:]...), sig...), nil
}

func (l LeaseSet) flags() (f uint16) {
	if l.Offline != nil {
		f |= flagOffline
	}
	if l.Unpublished {
		f |= flagUnpublished
	}
	if l.Blinded {
		f |= flagBlinded
	}
	return f
}

func (l LeaseSet) appendUnsigned(b []byte) ([]byte, error) {
	b, _ = l.Destination.AppendBinary(b) // never fails
	b, err := appendLife(b, l.Published, l.Expires)
	if err != nil {
		return nil, err
	}
	b = binary.BigEndian.AppendUint16(b, l.flags())
	if l.Offline != nil {
		b, _ = l.Offline.AppendBinary(b) // never fails
	}
	if b, err = appendMapping(b, l.Options); err != nil {
		return nil, err
	}
	if len(l.Keys) == 0 || len(l.Keys) > maxEncryptionKeys || len(l.Leases) > MaxLeases {
		return nil, fmt.Errorf("%w: %d keys, %d leases", errLeaseSet, len(l.Keys), len(l.Leases))
	}
	b = appendKeys(b, l.Keys)
	b = append(b, byte(len(l.Leases)))
	for _, lease := range l.Leases {
		b = append(b, lease.Gateway[:]...)
		b = binary.BigEndian.AppendUint32(b, lease.Tunnel)
		b = appendSeconds(b, lease.End)
	}
	return b, nil
}

// appendLife appends when a lease set was published, and how many seconds later it expires.
func appendLife(b []byte, published, expires time.Time) ([]byte, error) {
	life := expires.Unix() - published.Unix()
	if life < 0 || life > math.MaxUint16 {
		return nil, fmt.Errorf("%w: expires after %d s", errLeaseSet, life)
	}
	return binary.BigEndian.AppendUint16(appendSeconds(b, published), uint16(life)), nil
}

func appendKeys(b []byte, all []EncryptionKey) []byte {
	b = append(b, byte(len(all)))
	for _, k := range all {
		b = binary.BigEndian.AppendUint16(b, uint16(k.Type))
		b = binary.BigEndian.AppendUint16(b, uint16(len(k.Key)))
		b = append(b, k.Key...)
	}
	return b
}

func (c *cursor) encryptionKeys() (all []EncryptionKey) {
	n := int(c.u8())
	c.bad = c.bad || n == 0 || n > maxEncryptionKeys
	for i := 0; i < n && !c.bad; i++ {
		all = append(all, EncryptionKey{EncryptionType(c.u16()), c.bytes(int(c.u16()))})
	}
	return all
}

// ParseLeaseSet reads a lease set without the byte of its type. The signature must be right.
func ParseLeaseSet(b []byte) (LeaseSet, error) {
	c := &cursor{b: b}
	l, ok := c.leaseSet()
	if !c.end() {
		return LeaseSet{}, fmt.Errorf("lease set: %w", ErrMalformed)
	}
	if !ok {
		return LeaseSet{}, fmt.Errorf("lease set: %w: wrong signature", ErrMalformed)
	}
	return l, nil
}

// leaseSet takes a lease set and reports whether its signature is right.
func (c *cursor) leaseSet() (l LeaseSet, verified bool) {
	all := c.b
	l.Destination = c.destination()
	l.Published = c.seconds()
	l.Expires = l.Published.Add(time.Duration(c.u16()) * time.Second)
	flags := c.u16()
	l.Unpublished, l.Blinded = flags&flagUnpublished != 0, flags&flagBlinded != 0
	kind, key := l.Destination.SignatureType(), l.Destination.SigningKey()
	if flags&flagOffline != 0 && !c.bad {
		o, rest, err := keys.CutOfflineSignature(c.b, l.Destination)
		if err != nil {
			c.bad = true
			return l, false
		}
		c.b, l.Offline, kind, key = rest, &o, o.Type, o.Key
	}
	l.Options, _ = c.mapping()
	l.Keys = c.encryptionKeys()
	n := int(c.u8())
	c.bad = c.bad || n > MaxLeases
	for i := 0; i < n && !c.bad; i++ {
		l.Leases = append(l.Leases, Lease{c.hash(), c.u32(), c.seconds()})
	}
	if c.bad {
		return l, false
	}
	signed := append([]byte{byte(LeaseSet2Type)}, all[:len(all)-len(c.b)]...)
	return l, kind.Verify(key, signed, c.bytes(kind.SignatureLen()))
}
