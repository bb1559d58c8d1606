package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MinLen is the length in bytes of the shortest packet.
const MinLen = 22

// ErrMalformed reports bytes that are no packet, or a packet that cannot be written.
var ErrMalformed = errors.New("streaming: malformed packet")

// Packet is one packet of the streaming protocol. Its slices refer to the bytes
// given to [Parse]; the fields of options are valid when their flag is set.
type Packet struct {
	SendID      uint32 // the stream, by the number that the receiver of this packet has chosen; 0 when not known yet
	ReceiveID   uint32 // the stream, by the number that the sender has chosen
	Sequence    uint32 // 0 without SYN takes no place in the stream: a plain acknowledgement
	AckThrough  uint32 // all up to here has arrived but the NACKs; void with NoAck
	Nacks       Nacks
	ResendDelay uint8 // in seconds; nobody heeds it
	Flags       Flags

	Delay         uint16 // in milliseconds; from ChokeDelay on a choke
	From          []byte // a destination, of a valid length
	MaxPacketSize uint16 // in bytes of payload
	Offline       []byte // read by OfflineBlock
	Signature     []byte // of the whole packet, itself zeroed

	Payload []byte
}

// header is what stands before the options: the fixed part, without the NACKs.
const header = MinLen

// Parse reads one packet, all of b. The packet refers to b, which must not change while it is used.
// It fails with an error that wraps ErrMalformed.
func Parse(b []byte) (Packet, error) {
	if len(b) < MinLen {
		return Packet{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	at := 17 + 4*int(b[16])
	if len(b) < at+5 {
		return Packet{}, fmt.Errorf("%w: NACKs cut short", ErrMalformed)
	}
	p := Packet{
		SendID:      binary.BigEndian.Uint32(b),
		ReceiveID:   binary.BigEndian.Uint32(b[4:]),
		Sequence:    binary.BigEndian.Uint32(b[8:]),
		AckThrough:  binary.BigEndian.Uint32(b[12:]),
		Nacks:       Nacks(b[17:at:at]),
		ResendDelay: b[at],
		Flags:       Flags(binary.BigEndian.Uint16(b[at+1:])),
	}
	options := int(binary.BigEndian.Uint16(b[at+3:]))
	at += 5
	if len(b) < at+options {
		return Packet{}, fmt.Errorf("%w: options cut short", ErrMalformed)
	}
	p.Payload = b[at+options:]
	return p, p.parseOptions(b[at : at+options : at+options])
}

// Append appends the packet to b as bytes. It fails with ErrMalformed, and b as
// it was, when a field does not suit its flag or is too long.
//
// A signature of zeros, of the right length, makes the packet that is to be
// signed; [Signed] then puts it in.
func (p *Packet) Append(b []byte) ([]byte, error) {
	if len(p.Nacks) > 4*MaxNacks || len(p.Nacks)%4 != 0 {
		return b, fmt.Errorf("%w: %d bytes of NACKs", ErrMalformed, len(p.Nacks))
	}
	if err := p.checkOptions(); err != nil {
		return b, err
	}
	b = binary.BigEndian.AppendUint32(b, p.SendID)
	b = binary.BigEndian.AppendUint32(b, p.ReceiveID)
	b = binary.BigEndian.AppendUint32(b, p.Sequence)
	b = binary.BigEndian.AppendUint32(b, p.AckThrough)
	b = append(b, byte(p.Nacks.Len()))
	b = append(b, p.Nacks...)
	b = append(b, p.ResendDelay)
	b = binary.BigEndian.AppendUint16(b, uint16(p.Flags))
	b = binary.BigEndian.AppendUint16(b, uint16(p.optionsLen()))
	b = p.appendOptions(b)
	return append(b, p.Payload...), nil
}

// Len is the number of bytes that Append appends.
func (p *Packet) Len() int { return header + len(p.Nacks) + p.optionsLen() + len(p.Payload) }

// PlainAck reports whether the packet takes no place in its stream, and so is never acknowledged.
func (p *Packet) PlainAck() bool { return p.Sequence == 0 && !p.Flags.Has(SYN) }

// Choke reports whether the sender of the packet wants no more data until it says so.
func (p *Packet) Choke() bool { return p.Flags.Has(DelayRequested) && p.Delay >= ChokeDelay }

// String is one line for traces; it names no destination and shows no payload.
func (p *Packet) String() string {
	s := fmt.Sprintf("%08x>%08x seq %d", p.ReceiveID, p.SendID, p.Sequence)
	if !p.Flags.Has(NoAck) {
		s += fmt.Sprintf(" ack %d", p.AckThrough)
	}
	if n := p.Nacks.Len(); n > 0 {
		s += fmt.Sprintf(" nacks %d", n)
	}
	if p.Flags != 0 {
		s += " [" + p.Flags.String() + "]"
	}
	if p.Flags.Has(DelayRequested) {
		s += fmt.Sprintf(" delay %d", p.Delay)
	}
	return s + fmt.Sprintf(" payload %d", len(p.Payload))
}
