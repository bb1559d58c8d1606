package socks

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

// scatter yields the numbers of so many bits, each of them once and in an order that nobody can foresee, but neither the
// first, which means a network as an address, nor the last. It is a Feistel network over a counter, which keeps no
// list of what was used.
type scatter struct {
	half   int // bits of each half of the network's numbers, of which there may be more
	size   uint64
	count  uint64
	secret [16]byte
}

// maxScatter bounds the numbers of large prefixes of IPv6.
const maxScatter = 62

func newScatter(bits int) *scatter {
	bits = min(bits, maxScatter)
	s := &scatter{half: (bits + 1) / 2, size: 1 << bits}
	rand.Read(s.secret[:])
	return s
}

// left returns how many numbers are to come, or more.
func (s *scatter) left() uint64 { return max(s.size, 2) - 2 }

// next returns a number that it never returned before, and false if there is none.
func (s *scatter) next() (uint64, bool) {
	if s.size <= 2 {
		return 0, false
	}
	for s.count < 1<<(2*s.half) {
		n := s.permute(s.count)
		s.count++
		if n > 0 && n < s.size-1 {
			return n, true
		}
	}
	return 0, false
}

func (s *scatter) permute(n uint64) uint64 {
	mask := uint64(1)<<s.half - 1
	l, r := n>>s.half, n&mask
	for round := range byte(4) {
		b := binary.BigEndian.AppendUint64(append(s.secret[:len(s.secret):len(s.secret)], round), r)
		sum := sha256.Sum256(b)
		l, r = r, l^binary.BigEndian.Uint64(sum[:])&mask
	}
	return l<<s.half | r
}
