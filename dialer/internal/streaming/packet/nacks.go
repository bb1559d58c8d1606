package packet

import (
	"encoding/binary"
	"iter"
)

// MaxNacks is how many sequence numbers a packet can report as missing.
const MaxNacks = 255

// Nacks are the missing sequence numbers below AckThrough, 4 bytes each. In the
// SYN that opens a stream they are the hash of the receiver's destination instead.
type Nacks []byte

// Len is how many there are.
func (n Nacks) Len() int { return len(n) / 4 }

// At returns the number at place i, which must be below Len.
func (n Nacks) At(i int) uint32 { return binary.BigEndian.Uint32(n[4*i:]) }

// All goes over the numbers in the order of the packet, which need not be sorted.
func (n Nacks) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i := range n.Len() {
			if !yield(n.At(i)) {
				return
			}
		}
	}
}

// Add appends one number.
func (n Nacks) Add(sequence uint32) Nacks { return binary.BigEndian.AppendUint32(n, sequence) }
