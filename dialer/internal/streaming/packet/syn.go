package packet

import "bytes"

// hashNacks is the NACK count of a SYN that names its receiver: 32 bytes of hash.
const hashNacks = 8

// Opens reports whether the packet asks for a new stream: a SYN that answers none.
func (p *Packet) Opens() bool { return p.Flags.Has(SYN) && p.SendID == 0 }

// ForReceiver reports whether a SYN was made for the destination of that hash,
// and not taken from a stream to somebody else: I2P proposal 164. Only required
// is that a hash, if there is one, be equal; see [Packet.NamesReceiver].
func (p *Packet) ForReceiver(hash [32]byte) bool {
	return !p.NamesReceiver() || bytes.Equal(p.Nacks, hash[:])
}

// NamesReceiver reports whether a SYN has the hash of its receiver. All
// implementations since API 0.9.58 put it in.
func (p *Packet) NamesReceiver() bool { return p.Nacks.Len() == hashNacks }

// SetReceiver makes the NACKs of a SYN the hash of its receiver.
func (p *Packet) SetReceiver(hash [32]byte) { p.Nacks = hash[:] }
