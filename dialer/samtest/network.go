package samtest

import (
	"fmt"
	"maps"
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

// Network is an I2P network in memory. Sessions on any of its bridges reach
// each other. Its methods may be called by several goroutines.
type Network struct {
	mu         sync.Mutex // guards all state of the network and of its bridges
	tb         TB
	bridges    []*Bridge
	hosts      map[string]keys.Destination
	netDB      map[string]*record // by base32 name, encrypted if the lease set is
	nextSweep  int                // size at which netDB is rid of what has expired
	usedIDs    map[string]bool
	violations []string
	closed     bool
	changed    chan struct{} // closed and replaced at every change, for WaitFor
	wg         sync.WaitGroup
}

// record is what the network knows of a destination.
type record struct {
	dest  keys.Destination
	ls    leaseSet
	local *endpoint // nil once the destination is gone
	until time.Time // when its lease set runs out, once it is gone
}

const (
	maxViolations = 10_000 // that are kept
	minSweep      = 1000
)

// leaseTime is how long others go on believing in a destination that is gone.
const leaseTime = 10 * time.Minute

// NewNetwork returns an empty network. It must be closed.
func NewNetwork() *Network {
	return &Network{
		hosts:   make(map[string]keys.Destination),
		netDB:   make(map[string]*record),
		usedIDs: make(map[string]bool),
		changed: make(chan struct{}),
	}
}

// NewStrict returns an empty network that fails the test for each violation
// (see [Network.Violations]) and closes itself when the test ends.
func NewStrict(tb TB) *Network {
	nw := NewNetwork()
	nw.tb = tb
	tb.Cleanup(nw.Close)
	return nw
}

// Start adds a bridge to the network and returns it running; nil stands for a
// zero Bridge. The fields of b must not be changed afterwards, and a bridge is
// started once. It panics if the network is closed or b.Router is unknown.
func (nw *Network) Start(b *Bridge) *Bridge {
	if b == nil {
		b = new(Bridge)
	}
	nw.mu.Lock()
	defer nw.mu.Unlock()
	switch {
	case nw.closed:
		panic("samtest: Start on a closed network")
	case b.nw != nil:
		panic("samtest: Start of a bridge that was started before")
	case b.Router.flavour() == nil:
		panic("samtest: Start of an unknown router")
	}
	b.nw, b.f = nw, b.Router.flavour()
	b.reset()
	nw.bridges = append(nw.bridges, b)
	return b
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

// Violations returns what clients did against the rules that the package
// comment lists, each with the line at fault. Private keys are cut out. It keeps the first 10,000.
func (nw *Network) Violations() []string {
	nw.mu.Lock()
	defer nw.mu.Unlock()
	return append([]string(nil), nw.violations...)
}

// Close ends all bridges and waits for all goroutines of the network. It may be called twice.
func (nw *Network) Close() {
	nw.mu.Lock()
	nw.closed = true
	bridges := nw.bridges
	nw.mu.Unlock()
	for _, b := range bridges {
		b.Kill()
	}
	nw.wg.Wait()
}

// violate notes a violation. It must be called without the lock.
func (nw *Network) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	nw.mu.Lock()
	if len(nw.violations) < maxViolations {
		nw.violations = append(nw.violations, text)
	}
	nw.notify()
	nw.mu.Unlock()
	if nw.tb != nil {
		nw.tb.Helper()
		nw.tb.Errorf("samtest: %s", text)
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

// publish makes an endpoint known to the network. The caller holds the lock.
func (nw *Network) publish(ep *endpoint) {
	if len(nw.netDB) >= nw.nextSweep {
		maps.DeleteFunc(nw.netDB, func(_ string, r *record) bool { return r.expired() })
		nw.nextSweep = max(2*len(nw.netDB), minSweep)
	}
	nw.netDB[ep.name()] = &record{dest: ep.dest, ls: ep.ls, local: ep}
}

// expired reports whether nobody believes in the destination any more.
func (r *record) expired() bool { return r.local == nil && time.Now().After(r.until) }

// withdraw takes an endpoint away; its lease set lives on for a while. The caller holds the lock.
func (nw *Network) withdraw(ep *endpoint) {
	if r := nw.netDB[ep.name()]; r != nil && r.local == ep {
		r.local, r.until = nil, time.Now().Add(leaseTime)
	}
}

// find returns what is known under a base32 name, nil if nothing. The caller holds the lock.
func (nw *Network) find(b32 string) *record {
	r := nw.netDB[b32]
	if r == nil || r.expired() {
		return nil
	}
	return r
}
