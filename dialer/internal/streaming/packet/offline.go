package packet

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// An offline signature (I2P common structures, "Offline Signature"):
//
//	expires 4, seconds | type of the transient key 2 | transient key |
//	signature of the three before it, by the destination
const offlineHeader = 6

// offlineLen is the length of the offline signature at the start of b, by the
// destination from; it is more than b has when it cannot be told.
func offlineLen(b, from []byte) int {
	never := len(b) + 1
	if len(b) < offlineHeader || len(from) < destinationHeader {
		return never
	}
	d, err := keys.DestinationFromBytes(from)
	if err != nil {
		return never
	}
	n := keys.SignatureType(binary.BigEndian.Uint16(b[4:])).PublicLen()
	if n == 0 {
		return never
	}
	return offlineHeader + n + d.SignatureType().SignatureLen()
}

// verifyOffline returns the transient key for which d vouches.
func verifyOffline(b []byte, d keys.Destination, now time.Time) (Key, error) {
	if len(b) != offlineLen(b, d.Bytes()) {
		return Key{}, fmt.Errorf("%w: offline signature", ErrMalformed)
	}
	typ := keys.SignatureType(binary.BigEndian.Uint16(b[4:]))
	end := offlineHeader + typ.PublicLen()
	if expires := time.Unix(int64(binary.BigEndian.Uint32(b)), 0); !now.Before(expires) {
		return Key{}, fmt.Errorf("%w: offline signature expired", ErrSignature)
	}
	if !d.Verify(b[:end], b[end:]) {
		return Key{}, fmt.Errorf("%w: offline signature", ErrSignature)
	}
	return Key{typ, b[offlineHeader:end]}, nil
}

// TransientKey returns the key of an offline signature that d has made, as one's
// own is configured; it fails as [Packet.Sender] does.
func TransientKey(offline []byte, d keys.Destination, now time.Time) (Key, error) {
	return verifyOffline(offline, d, now)
}
