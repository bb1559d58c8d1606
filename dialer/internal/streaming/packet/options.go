package packet

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Layout of a destination's end: 384 bytes of keys, certificate type 1, length of the rest 2.
const destinationHeader = 387

// parseOptions splits the options by the flags; they must be used up.
func (p *Packet) parseOptions(b []byte) error {
	ok := true
	take := func(n int) []byte {
		if !ok || n > len(b) {
			ok = false
			return nil
		}
		x := b[:n:n]
		b = b[n:]
		return x
	}
	if p.Flags.Has(DelayRequested) {
		if x := take(2); ok {
			p.Delay = binary.BigEndian.Uint16(x)
		}
	}
	if p.Flags.Has(FromIncluded) {
		p.From = take(destinationLen(b))
	}
	if p.Flags.Has(MaxPacketIncluded) {
		if x := take(2); ok {
			p.MaxPacketSize = binary.BigEndian.Uint16(x)
		}
	}
	if p.Flags.Has(OfflineSignature) {
		p.Offline = take(offlineLen(b, p.From))
	}
	if p.Flags.Has(SignatureIncluded) {
		p.Signature = take(len(b))
		ok = ok && len(p.Signature) > 0
	}
	if !ok || len(b) > 0 {
		return fmt.Errorf("%w: options do not fit their flags", ErrMalformed)
	}
	return nil
}

// destinationLen is the length of the destination at the start of b, which may
// be more than b has, as may that of a b too short to tell.
func destinationLen(b []byte) int {
	if len(b) < destinationHeader {
		return destinationHeader
	}
	return destinationHeader + int(binary.BigEndian.Uint16(b[destinationHeader-2:]))
}

func (p *Packet) optionsLen() int {
	n := 0
	if p.Flags.Has(DelayRequested) {
		n += 2
	}
	if p.Flags.Has(FromIncluded) {
		n += len(p.From)
	}
	if p.Flags.Has(MaxPacketIncluded) {
		n += 2
	}
	if p.Flags.Has(OfflineSignature) {
		n += len(p.Offline)
	}
	if p.Flags.Has(SignatureIncluded) {
		n += len(p.Signature)
	}
	return n
}

// checkOptions refuses options that Parse would not read as they are.
func (p *Packet) checkOptions() error {
	switch {
	case p.Flags.Has(FromIncluded) && len(p.From) != destinationLen(p.From):
		return fmt.Errorf("%w: FROM is no destination", ErrMalformed)
	case p.Flags.Has(OfflineSignature) && (!p.Flags.Has(FromIncluded) || len(p.Offline) != offlineLen(p.Offline, p.From)):
		return fmt.Errorf("%w: offline signature", ErrMalformed)
	case p.Flags.Has(SignatureIncluded) && len(p.Signature) == 0:
		return fmt.Errorf("%w: no signature", ErrMalformed)
	case p.optionsLen() > math.MaxUint16:
		return fmt.Errorf("%w: options too long", ErrMalformed)
	}
	return nil
}

func (p *Packet) appendOptions(b []byte) []byte {
	if p.Flags.Has(DelayRequested) {
		b = binary.BigEndian.AppendUint16(b, p.Delay)
	}
	if p.Flags.Has(FromIncluded) {
		b = append(b, p.From...)
	}
	if p.Flags.Has(MaxPacketIncluded) {
		b = binary.BigEndian.AppendUint16(b, p.MaxPacketSize)
	}
	if p.Flags.Has(OfflineSignature) {
		b = append(b, p.Offline...)
	}
	if p.Flags.Has(SignatureIncluded) {
		b = append(b, p.Signature...)
	}
	return b
}
