package keeper

import (
	"sync"

	"github.com/go-i2p/i2psocks/dialer"
)

// notifier calls a host's function with one status after the other. Its goroutine lives only
// while there is something to tell, so that neither side ever waits for the other.
type notifier struct {
	mu      sync.Mutex
	waiting []dialer.Status
	running bool
}

func (n *notifier) tell(f func(dialer.Status), st dialer.Status) {
	if f == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting = append(n.waiting, st)
	if !n.running {
		n.running = true
		go n.run(f)
	}
}

func (n *notifier) run(f func(dialer.Status)) {
	for {
		n.mu.Lock()
		if len(n.waiting) == 0 {
			n.running = false
			n.mu.Unlock()
			return
		}
		st := n.waiting[0]
		n.waiting = n.waiting[1:]
		n.mu.Unlock()
		f(st)
	}
}
