package i2cptest

import "time"

// Times of i2pd's ratchet sessions.
const (
	pathLife       = 2 * time.Minute        // after that the session is looked for again
	sessionSilence = 90 * time.Second       // with nothing from the peer for so long it is begun anew then
	firstInterval  = 200 * time.Millisecond // first messages to a destination that come sooner are dropped
)

// ratchet is what i2pd knows of a peer of a client's.
type ratchet struct {
	path    time.Time // since when messages take the same way
	pending bool      // the first message was sent and is not answered
	heard   time.Time // when something came from the peer last
}

// seal returns whether a message leaves, and whether it is the first of a session.
func (t *ratchet) seal(f *flavour, now time.Time) (first, leaves bool) {
	if f.java || f.instant {
		return false, true
	}
	if !f.forgets && t.heard.After(t.path) {
		t.pending = false // what has come opened a session, too
	}
	if now.Sub(t.path) <= pathLife {
		return t.pending, !t.pending || !f.forgets
	}
	t.path = now
	t.pending = now.Sub(t.heard) > sessionSilence
	return t.pending, true
}

// forgetRatchets lets a session that is made anew begin with all its peers. The caller holds the lock.
func (nw *Network) forgetRatchets(hash [32]byte) {
	for p, f := range nw.pairs {
		if p.from == hash || p.to == hash {
			f.ratchet = ratchet{}
		}
	}
}

// opened notes that a message has come, and returns whether it is delivered.
func (s *session) opened(t *ratchet, first bool, now time.Time) bool {
	if first && now.Sub(s.lastFirst) < firstInterval {
		return false
	}
	t.heard = now
	if first {
		s.lastFirst = now
	} else {
		t.pending = false
	}
	return true
}
