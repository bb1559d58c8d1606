package audit

import (
	"hash/maphash"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	maxLinks = 16 << 10 // values, and as many traits, that are remembered as hashes
	minLink  = 8        // bytes of a value that can be told from chance
)

// links remembers, as keyed hashes, who has shown what.
type links struct {
	seed   maphash.Seed
	owners *lru.LRU[uint64, uint64] // from a value to the identity that showed it first
	traits *lru.LRU[uint64, uint64] // from an identity's kind of trait to the value it had first
}

func newLinks() links {
	owners, err := lru.NewLRU[uint64, uint64](maxLinks, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	traits, _ := lru.NewLRU[uint64, uint64](maxLinks, nil)
	return links{maphash.MakeSeed(), owners, traits}
}

func (l *links) hash(parts ...string) uint64 {
	return maphash.Comparable(l.seed, [3]string(append(parts, "", "", "")[:3]))
}

// shared reports whether another identity has shown the value before.
func (l *links) shared(identity, kind, value string) bool {
	value64, owner := l.hash(kind, value), l.hash(identity)
	first, ok := l.owners.Get(value64)
	if !ok {
		l.owners.Add(value64, owner)
	}
	return ok && first != owner
}

// differs reports whether the identity had another value of the kind before.
func (l *links) differs(identity, kind, value string) bool {
	trait, value64 := l.hash(identity, kind), l.hash(value)
	first, ok := l.traits.Get(trait)
	if !ok {
		l.traits.Add(trait, value64)
	}
	return ok && first != value64
}
