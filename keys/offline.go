package keys

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"
)

// OfflineSignature authorises a transient key to sign for a destination, whose own key can then stay offline: I2P
// common structures, "OfflineSignature".
type OfflineSignature struct {
	Expires   time.Time     // in whole seconds
	Type      SignatureType // of Key
	Key       []byte        // the public transient key
	Signature []byte        // by the destination, over those three
}

// OfflineSigner is a [Signer] that signs with a transient key.
type OfflineSigner interface {
	Signer
	// OfflineSignature returns the authorisation of the transient key.
	OfflineSignature() OfflineSignature
}

// Verify reports whether o was signed by the owner of d. The caller must check the expiry.
func (o OfflineSignature) Verify(d Destination) bool {
	return len(o.Key) == o.Type.publicLen() && d.Verify(o.signed(), o.Signature)
}

// AppendBinary appends the form used in lease sets, streams and datagrams. It never fails.
func (o OfflineSignature) AppendBinary(b []byte) ([]byte, error) {
	return append(append(b, o.signed()...), o.Signature...), nil
}

func (o OfflineSignature) signed() []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(min(max(o.Expires.Unix(), 0), math.MaxUint32)))
	b = binary.BigEndian.AppendUint16(b, uint16(o.Type))
	return append(b, o.Key...)
}

// CutOfflineSignature parses the block at the start of b, which must be one of the owner of d, and returns the bytes
// after it. Slices in the result are copies. It does not check the time.
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
