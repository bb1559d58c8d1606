package sam

import (
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

const (
	maxPeers    = 1024
	maxResends  = 64 // packets that wait to be sent a second time
	resendAfter = 1500 * time.Millisecond
	maxNames    = 256
	nameTTL     = 10 * time.Minute
)

// peers are those that the session has sent something to or heard of. When there are too many, any
// is forgotten.
type peers struct {
	mu      sync.Mutex
	known   map[string]*resend // by base32 name; the one that waits, or nil
	pending int
}

// resend is a packet to be sent again. Its timer is guarded by the lock of peers.
type resend struct{ timer *time.Timer }

// meet notes that a packet goes to d, a base32 name. If d is new, send is called a while later, unless d is heard of before.
func (r *peers) meet(d string, send func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[d]; ok {
		return
	}
	r.makeRoom()
	if r.pending == maxResends {
		r.known[d] = nil
		return
	}
	r.pending++
	again := new(resend)
	again.timer = time.AfterFunc(resendAfter, func() {
		if r.due(d, again) {
			send()
		}
	})
	r.known[d] = again
}

// due reports whether a resend to d is still wanted, and notes that it waits no longer.
func (r *peers) due(d string, again *resend) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[d] != again {
		return false
	}
	r.known[d] = nil
	r.pending--
	return true
}

// heard notes that something came from d.
func (r *peers) heard(d string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if again, ok := r.known[d]; ok {
		r.stop(again)
	} else {
		r.makeRoom()
	}
	r.known[d] = nil
}

// makeRoom makes sure that one more fits. The caller holds mu.
func (r *peers) makeRoom() {
	if r.known == nil {
		r.known = make(map[string]*resend)
	}
	for d, again := range r.known {
		if len(r.known) < maxPeers {
			return
		}
		r.stop(again)
		delete(r.known, d)
	}
}

// stop takes a resend back, if there is one. The caller holds mu.
func (r *peers) stop(again *resend) {
	if again != nil {
		again.timer.Stop()
		r.pending--
	}
}

// reset forgets all.
func (r *peers) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, again := range r.known {
		r.stop(again)
	}
	clear(r.known)
}

// names are destinations that were looked up, for some minutes. When there are too many, any is forgotten.
type names struct {
	mu    sync.Mutex
	known map[string]name
}

type name struct {
	d     keys.Destination
	until time.Time
}

func (n *names) get(host string) (keys.Destination, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.known[host]
	return e.d, ok && time.Now().Before(e.until)
}

func (n *names) put(host string, d keys.Destination) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = make(map[string]name)
	}
	for other := range n.known {
		if len(n.known) < maxNames {
			break
		}
		delete(n.known, other)
	}
	n.known[host] = name{d, time.Now().Add(nameTTL)}
}
