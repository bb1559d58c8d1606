package socks

import (
	"container/list"
	"errors"
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
// the time to do so behind the FIN; then steadily. Many together are asked less often.
const (
	firstAsked  = 10 * time.Millisecond
	steadyAsked = 40 * time.Millisecond
	eachAsked   = 200 * time.Microsecond // of all clients' time between two questions
)

// halfClosed are the relays of a server whose clients have ended their direction.
type halfClosed struct {
	diag inetdiag.Client

	mu   sync.Mutex
	list list.List // of *leaver
}

// leaver is one of them.
type leaver struct {
	watch   *watch
	place   *place
	element *list.Element
	life    atomic.Int32

	mu    sync.Mutex // held while the system is asked
	over  bool
	pause time.Duration
	timer *time.Timer // nil where nothing can be asked
}

// add begins to ask after the client of a relay.
func (h *halfClosed) add(w *watch, p *place) *leaver {
	l := &leaver{watch: w, place: p}
	if canAsk(w.up.src) {
		l.life.Store(int32(lifeUnasked))
		l.mu.Lock()
		l.pause = firstAsked
		l.timer = time.AfterFunc(l.pause, func() { h.check(l) })
		l.mu.Unlock()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	l.element = h.list.PushBack(l)
	return l
}

// remove forgets a relay that is over. Afterwards nothing is asked for it.
func (h *halfClosed) remove(l *leaver) {
	l.mu.Lock()
	l.over = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.Remove(l.element)
}

// check ends the relay of a client that is gone, and asks again later after any other.
func (h *halfClosed) check(l *leaver) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	now := askLife(l.watch.up.src, &h.diag, life(l.life.Load()))
	if now == lifeOver {
		l.watch.end(errClientGone)
		return
	}
	l.life.Store(int32(now))
	h.mu.Lock()
	many := h.list.Len()
	h.mu.Unlock()
	l.pause = max(min(2*l.pause, steadyAsked), time.Duration(many)*eachAsked)
	l.timer.Reset(l.pause)
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

func (h *halfClosed) close() { h.diag.Close() }
