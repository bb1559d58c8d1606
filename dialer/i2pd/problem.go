package i2pd

import (
	"fmt"
	"time"
)

// enoughPeers is how many other routers i2pd must know to build tunnels that last.
const enoughPeers = 25

// Problem returns why sessions may get no tunnels, as far as the router knows: [ErrFewPeers], or why there is no child
// that answers. It returns nil if the router was never started. An [i2psocks.Endpoint] adds it to the errors of sessions
// that are not up.
//
// [i2psocks.Endpoint]: https://pkg.go.dev/github.com/go-i2p/i2psocks#Endpoint
func (r *Router) Problem() error {
	r.mu.Lock()
	k, s := r.keeper, r.status
	r.mu.Unlock()
	switch {
	case s.State == Idle && s.Since.IsZero():
		return nil
	case s.State != Up || k == nil:
		return s.Err
	}
	return fewPeers(countPeers(k.folder.path))
}

func fewPeers(n int) error {
	if n >= enoughPeers {
		return nil
	}
	return fmt.Errorf("%w: %d; tunnels need some dozens, which i2pd fetches from reseed servers over HTTPS at first: "+
		"check that the Internet can be reached and that the clock is right", ErrFewPeers, n)
}

// scarcity says now and then that there are too few peers.
type scarcity struct {
	next  time.Time
	pause time.Duration
}

// due reports whether it is time to say so again, each time after twice as long.
func (s *scarcity) due(now time.Time) bool {
	if now.Before(s.next) {
		return false
	}
	s.pause = max(2*s.pause, peersEvery)
	s.next = now.Add(s.pause)
	return true
}
