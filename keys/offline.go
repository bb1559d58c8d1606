package keys

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"
)

// OfflineSignature lets a transient key sign in the place of a destination's own, which can then stay away from
// the network: I2P common structures, "OfflineSignature".
type OfflineSignature struct {
	Expires   time.Time     // in whole seconds
	Type      SignatureType // of Key
	Key       []byte        // the public transient key
	Signature []byte        // by the destination, over those three
}

// OfflineSigner is a [Signer] whose signatures are by a transient key.
type OfflineSigner interface {
	Signer
	// OfflineSignature returns what makes the signatures count.
	OfflineSignature() OfflineSignature
}

// Verify reports whether o was signed by the owner of d. Whether it has expired is for the caller to compare.
func (o OfflineSignature) Verify(d Destination) bool {
	return len(o.Key) == o.Type.publicLen() && d.Verify(o.signed(), o.Signature)
}

// AppendBinary appends the block as it stands in lease sets, streams and datagrams. It never fails.
func (o OfflineSignature) AppendBinary(b []byte) ([]byte, error) {
	return append(append(b, o.signed()...), o.Signature...), nil
}

func (o OfflineSignature) signed() []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(min(max(o.Expires.Unix(), 0), math.MaxUint32)))
	b = binary.BigEndian.AppendUint16(b, uint16(o.Type))
	return append(b, o.Key...)
}

// CutOfflineSignature reads the block at the start of b, which must be of the owner of d, and returns what follows
// it. Slices in the result are copies. It does not look at the clock.
//
// The error wraps [ErrMalformed] or [ErrUnsupported].
func CutOfflineSignature(b []byte, d Destination) (o OfflineSignature, rest []byte, err error) {
	const head = 4 + 2
	if len(b) < head {
		return o, nil, fmt.Errorf("keys: offline signature: %w: cut short", ErrMalformed)
	}
	o.Expires = time.Unix(int64(binary.BigEndian.Uint32(b)), 0)
	o.Type = SignatureType(binary.BigEndian.Uint16(b[4:]))
	if o.Type.publicLen() == 0 {
		return o, nil, fmt.Errorf("keys: offline signature: %w: signature type %v", ErrUnsupported, o.Type)
	}
	keyEnd := head + o.Type.publicLen()
	end := keyEnd + d.SignatureType().SignatureLen()
	if len(b) < end {
		return o, nil, fmt.Errorf("keys: offline signature: %w: cut short", ErrMalformed)
	}
	o.Key, o.Signature = slices.Clone(b[head:keyEnd]), slices.Clone(b[keyEnd:end])
	if !o.Verify(d) {
		return o, nil, fmt.Errorf("keys: offline signature: %w: not signed by the destination", ErrMalformed)
	}
	return o, b[end:], nil
}
