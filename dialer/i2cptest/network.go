package i2cptest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// TB is the part of [testing.TB] that a strict network needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(func())
}

// Network is an I2P network in memory. Sessions on any of its routers reach each other. Its methods may be called
// by several goroutines.
type Network struct {
	mu         sync.Mutex // guards all state of the network and of its routers
	tb         TB
	random     *rand.Rand
	routers    []*Router
	hosts      map[string]keys.Destination
	netDB      map[[32]byte]*record // by hash
	pairs      map[pair]*flow
	violations []string
	closed     bool
	changed    chan struct{} // closed and replaced at every change, for WaitFor
	wg         sync.WaitGroup
}

// NewNetwork returns an empty network. It must be closed. If the same messages are sent, its links lose and delay the
// same ones: see [Network.Seed].
func NewNetwork() *Network {
	return &Network{
		random: rand.New(rand.NewPCG(1, 1)),
		hosts:  make(map[string]keys.Destination), netDB: make(map[[32]byte]*record), pairs: make(map[pair]*flow),
		changed: make(chan struct{}),
	}
}

// NewStrict returns an empty network that fails the test for each violation (see [Network.Violations]) and closes
// itself when the test ends.
func NewStrict(tb TB) *Network {
	nw := NewNetwork()
	nw.tb = tb
	tb.Cleanup(nw.Close)
	return nw
}

// Seed changes the random decisions of the links.
func (nw *Network) Seed(seed uint64) {
	nw.mu.Lock()
	defer nw.mu.Unlock()
	nw.random = rand.New(rand.NewPCG(seed, 1))
}

// Start adds a router to the network and returns it running; nil means a zero Router. The fields of r must not be
// changed afterwards, and a router is started once. It panics if the network is closed or r.Kind is unknown.
func (nw *Network) Start(r *Router) *Router {
	if r == nil {
		r = new(Router)
	}
	nw.mu.Lock()
	defer nw.mu.Unlock()
	switch {
	case nw.closed:
		panic("i2cptest: Start on a closed network")
	case r.nw != nil:
		panic("i2cptest: Start of a router that was started before")
	case r.Kind.flavour() == nil:
		panic("i2cptest: Start of an unknown kind of router")
	}
	r.nw, r.f = nw, r.Kind.flavour()
	r.link.Link = r.Link
	r.link.nw = nw
	r.counts = make(map[string]int)
	r.reset()
	nw.routers = append(nw.routers, r)
	return r
}

// SetHost adds a host name such as "example.i2p" to the address books of all routers; the zero Destination removes
// it.
func (nw *Network) SetHost(name string, d keys.Destination) {
	nw.mu.Lock()
	defer nw.mu.Unlock()
	if d.IsZero() {
		delete(nw.hosts, strings.ToLower(name))
		return
	}
	nw.hosts[strings.ToLower(name)] = d
}

// Violations returns the violations of the rules in the package comment.
func (nw *Network) Violations() []string {
	nw.mu.Lock()
	defer nw.mu.Unlock()
	return append([]string(nil), nw.violations...)
}

// Close ends all routers and waits for all goroutines of the network. It may be called twice.
func (nw *Network) Close() {
	nw.mu.Lock()
	nw.closed = true
	routers := nw.routers
	nw.mu.Unlock()
	for _, r := range routers {
		r.Kill()
	}
	nw.wg.Wait()
}

// violate notes a violation. The caller holds the lock.
func (nw *Network) violate(c *conn, format string, args ...any) {
	text := fmt.Sprintf("connection %d to %v: ", c.number, c.r.Kind) + fmt.Sprintf(format, args...)
	nw.violations = append(nw.violations, text)
	nw.notify()
	if nw.tb != nil {
		nw.tb.Helper()
		nw.tb.Errorf("i2cptest: %s", text)
	}
}

// notify wakes all that wait for a change. The caller holds the lock.
func (nw *Network) notify() {
	close(nw.changed)
	nw.changed = make(chan struct{})
}

// after calls f with the lock held, once d has passed, unless the network is closed.
func (nw *Network) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() {
		nw.mu.Lock()
		defer nw.mu.Unlock()
		if !nw.closed {
			f()
			nw.notify()
		}
	})
}
