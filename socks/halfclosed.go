package socks

import (
	"container/list"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/internal/inetdiag"
)

var errGaveWay = errors.New("relay: half-closed stream gave way to another client")

// life is what is known of a client that has ended its direction. It may still read, or be gone.
type life int32

const (
	lifeUnknown life = iota // the system does not tell; such a client gives way to others
	lifeUnasked             // will be told soon
	lifeSeen                // it is there
	lifeOver                // it is gone
)

// How often a client is asked after: soon, as most of them close both directions at once, but not before the kernel had
// the time to do so behind the FIN; then steadily. Many together are asked less often. All are asked in rounds, as waking up
// costs more than asking.
const (
	firstAsked  = 10 * time.Millisecond
	roundEvery  = 5 * time.Millisecond // at most
	steadyAsked = 40 * time.Millisecond
	eachAsked   = 200 * time.Microsecond // of all clients' time between two questions
)

// halfClosed are the relays of a server whose clients have ended their direction.
type halfClosed struct {
	diag inetdiag.Client

	mu    sync.Mutex
	list  list.List      // of *leaver
	timer *time.Timer    // of the next round; nil before the first
	next  time.Time      // when that is; zero while there are none
	busy  bool           // with a round
	known netip.AddrPort // address of ours, whose clients can be asked after
}

// leaver is one of them.
type leaver struct {
	watch   *watch
	place   *place // nil outside of a server
	element *list.Element
	life    atomic.Int32
	asks    bool
	pause   time.Duration // both are of the rounds
	due     time.Time

	mu   sync.Mutex // held while the system is asked
	over bool
}

// add begins to ask after the client of a relay.
func (h *halfClosed) add(w *watch, p *place) *leaver {
	l := &leaver{watch: w, place: p, asks: canAsk(w.up.src), pause: firstAsked}
	h.mu.Lock()
	defer h.mu.Unlock()
	l.element = h.list.PushBack(l)
	if l.asks {
		l.life.Store(int32(lifeUnasked))
		l.due = time.Now().Add(l.pause)
		if h.next.IsZero() || l.due.Before(h.next) && !h.busy {
			h.schedule(l.due)
		}
	}
	return l
}

// schedule sets when the next round is. The caller holds mu.
func (h *halfClosed) schedule(at time.Time) {
	h.next = at
	if d := time.Until(at); h.timer == nil {
		h.timer = time.AfterFunc(d, h.round)
	} else {
		h.timer.Reset(d)
	}
}

// remove forgets a relay that is over. Afterwards nothing is asked for it.
func (h *halfClosed) remove(l *leaver) {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.Remove(l.element)
}

// round asks after the clients for whom it is time. There is one at a time.
func (h *halfClosed) round() {
	now := time.Now()
	var due []*leaver
	h.mu.Lock()
	if h.busy {
		h.mu.Unlock()
		return
	}
	h.busy = true
	for e := h.list.Front(); e != nil; e = e.Next() {
		if l := e.Value.(*leaver); l.asks && !l.due.After(now) {
			due = append(due, l)
		}
	}
	h.mu.Unlock()
	for _, l := range due {
		h.check(l)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = false
	atLeast := time.Duration(h.list.Len()) * eachAsked
	for _, l := range due {
		l.pause = max(min(2*l.pause, steadyAsked), atLeast)
		l.due = now.Add(l.pause)
	}
	h.next = time.Time{}
	for e := h.list.Front(); e != nil; e = e.Next() {
		if l := e.Value.(*leaver); l.asks && (h.next.IsZero() || l.due.Before(h.next)) {
			h.next = l.due
		}
	}
	if !h.next.IsZero() {
		if soonest := time.Now().Add(roundEvery); h.next.Before(soonest) {
			h.next = soonest
		}
		h.schedule(h.next)
	}
}

// check ends the relay of a client that is gone.
func (h *halfClosed) check(l *leaver) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	now := askLife(l.watch.up.src, h, life(l.life.Load()))
	if now == lifeOver {
		l.watch.end(errClientGone)
		return
	}
	l.life.Store(int32(now))
}

// each calls f for the relays whose client may be gone, as far as is known. f must not call methods of h.
func (h *halfClosed) each(f func(*leaver)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for e := h.list.Front(); e != nil; e = e.Next() {
		if l := e.Value.(*leaver); life(l.life.Load()) == lifeUnknown {
			f(l)
		}
	}
}

// quietest returns that of them which has been silent longest, of those that may is true for; nil if there is none. A
// client that is known to be there keeps its stream.
func (h *halfClosed) quietest(may func(*leaver) bool) (found *leaver) {
	var moved time.Time
	h.each(func(l *leaver) {
		if m := l.watch.lastMoved(); may(l) && (found == nil || m.Before(moved)) {
			found, moved = l, m
		}
	})
	return found
}

// close ends what is left once all relays are over.
func (h *halfClosed) close() {
	h.mu.Lock()
	if h.timer != nil {
		h.timer.Stop()
	}
	h.mu.Unlock()
	h.diag.Close()
}
