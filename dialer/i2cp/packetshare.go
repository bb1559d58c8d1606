package i2cp

import (
	"slices"

	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/keys"
)

// shares are datagrams that are kept for their peers in one room. Where it does not suffice, the peer that takes most of it
// gives way, so that a flood for one takes nothing from the others.
type shares struct {
	peers map[keys.Destination]*share
	size  int
	raw   int // datagrams that are raw
}

// share is what is kept for one peer, the oldest first.
type share struct {
	list []*written
	size int
}

// What is kept so: bytes in all, and what each datagram counts beside its own.
const (
	maxKept  = 1 << 20
	keptCost = 512
)

func (d *written) size() int { return len(d.payload) + keptCost }

func (s *shares) add(d *written) {
	if s.peers == nil {
		s.peers = make(map[keys.Destination]*share)
	}
	of := s.peers[d.to]
	if of == nil {
		of = &share{}
		s.peers[d.to] = of
	}
	of.list = append(of.list, d)
	of.size += d.size()
	s.count(d, 1)
}

func (s *shares) count(d *written, n int) {
	s.size += n * d.size()
	if d.p.kind == datagram.Raw {
		s.raw += n
	}
}

func (s *shares) of(to keys.Destination) []*written {
	if of := s.peers[to]; of != nil {
		return of.list
	}
	return nil
}

// take takes out all of a peer's.
func (s *shares) take(to keys.Destination) []*written {
	of := s.peers[to]
	if of == nil {
		return nil
	}
	delete(s.peers, to)
	for _, d := range of.list {
		s.count(d, -1)
	}
	return of.list
}

// remove takes out one, if it is there.
func (s *shares) remove(d *written) {
	of := s.peers[d.to]
	if of == nil {
		return
	}
	i := slices.Index(of.list, d)
	if i < 0 {
		return
	}
	of.list = slices.Delete(of.list, i, i+1)
	of.size -= d.size()
	s.count(d, -1)
	if len(of.list) == 0 {
		delete(s.peers, d.to)
	}
}

// most returns what is kept for the peer that takes most of the room, which is the one named if others take as much.
func (s *shares) most(named keys.Destination) []*written {
	largest := s.peers[named]
	for _, of := range s.peers {
		if largest == nil || of.size > largest.size {
			largest = of
		}
	}
	return largest.list
}
