package socks

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/parking"
)

// brokenTimeout bounds a relay whose peer takes nothing any more, where the
// options set no bound: such a peer must not hold a connection for ever.
const brokenTimeout = time.Minute

// drainTimeout is how long a client that has ended its direction, and may be gone, holds up a server that drains.
const drainTimeout = 2 * time.Second

var errClientGone = errors.New("relay: client is gone")

var past = time.Unix(1, 0)

// watch owns a relay's life: its timer, its end, and its error.
type watch struct {
	opt      relayOptions
	up, down *flow
	start    time.Time
	last     atomic.Int64 // when a byte moved last, in ns since start

	done func(*watch, relayStats, error)
	stop func() bool // of the context that may end the relay; nil for none

	asked atomic.Bool // state is asked

	mu         sync.Mutex
	state      parkState
	unparkable bool
	spot       parking.Spot
	timer      *time.Timer // nil until there is a bound
	half       bool        // one direction is over
	broken     bool        // the peer takes nothing any more
	untold     bool        // the client has ended its direction, and the peer could not be told
	draining   bool        // the server is
	ended      bool
	err        error

	leaver *leaver // nil until the client has ended its direction
}

func newWatch(opt relayOptions, up, down *flow) *watch {
	w := &watch{opt: opt, up: up, down: down, start: time.Now()}
	up.watch, down.watch = w, w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arm()
	return w
}

// progress notes that a byte moved just now.
func (w *watch) progress() { w.last.Store(int64(time.Since(w.start))) }

// lastMoved returns when a byte moved last.
func (w *watch) lastMoved() time.Time { return w.start.Add(time.Duration(w.last.Load())) }

// bound returns how long nothing may move, or 0.
func (w *watch) bound() time.Duration {
	d := max(0, w.opt.IdleTimeout)
	if h := w.opt.HalfCloseTimeout; w.half && h > 0 {
		if w.untold && w.draining {
			h = min(h, drainTimeout)
		}
		if d == 0 || h < d {
			d = h
		}
	}
	if d == 0 && w.broken {
		d = brokenTimeout
	}
	return d
}

// quiet returns how long nothing has moved.
func (w *watch) quiet() time.Duration { return time.Since(w.start) - time.Duration(w.last.Load()) }

func (w *watch) parkAfter() time.Duration { return cmp.Or(w.opt.ParkAfter, defaultParkAfter) }

// arm sets the timer to when something may have to be done. The caller holds mu.
func (w *watch) arm() {
	var d time.Duration
	if bound := w.bound(); bound > 0 {
		d = max(bound-w.quiet(), 1)
	}
	if p := w.parkAfter(); w.mayPark() && (d == 0 || p < d) {
		d = p
	}
	switch {
	case d == 0:
	case w.timer == nil:
		w.timer = time.AfterFunc(d, w.tick)
	default:
		w.timer.Reset(d)
	}
}

// tick runs when the bound may have passed, or the relay may be parked. The timer is not touched for each
// byte; here it is put off by what has moved since.
func (w *watch) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	quiet := w.quiet()
	if bound := w.bound(); bound > 0 && quiet >= bound {
		w.endLocked(fmt.Errorf("relay: nothing moved for %v: %w", bound, os.ErrDeadlineExceeded))
		return
	}
	if w.mayPark() && quiet >= w.parkAfter() {
		w.park()
	}
	w.arm()
}

// halfEnd notes that one direction is over. An err says that the peer broke it
// off.
func (w *watch) halfEnd(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.half = true
	if err != nil {
		w.err, w.broken = err, true
	}
	w.progress()
	w.arm()
}

// clientHasEnded reports whether all that the client sends has been delivered.
func (w *watch) clientHasEnded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.half && !w.broken
}

// drain notes that the server drains.
func (w *watch) drain() { w.hurry(func() { w.draining = true }) }

// hurry makes a change that may make the bound shorter, which then may already have passed.
func (w *watch) hurry(change func()) {
	w.mu.Lock()
	change()
	shorter := w.untold && w.draining && w.timer != nil
	w.mu.Unlock()
	if shorter {
		w.tick()
	}
}

// end stops both directions at once. The first error counts, but a nil err, a
// proper end, overrules that the peer took nothing more just before it.
func (w *watch) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endLocked(err)
}

func (w *watch) endLocked(err error) {
	if w.ended {
		return
	}
	w.ended = true
	if w.err == nil || err == nil {
		w.err = err
	}
	for _, c := range []net.Conn{w.up.src, w.up.dst} {
		c.SetDeadline(past)
		if raw, ok := unwrap(c); ok && raw != c {
			raw.SetDeadline(past)
		}
	}
	if w.down.ahead != nil {
		w.down.ahead.interrupt()
	}
	if w.state != running {
		w.opt.Lot.Leave(&w.spot)
		w.resume() // to meet the deadlines
	}
}

// setWriteDeadline sets a deadline that does not undo the end of the relay.
func (w *watch) setWriteDeadline(c net.Conn, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		c.SetWriteDeadline(t)
	}
}

// close ends the watch itself, after both directions, and returns the relay's
// error. What is still on its way from a timer or a context does nothing more.
func (w *watch) close() error {
	if w.leaver != nil {
		w.opt.Halves.remove(w.leaver)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
	return w.err
}
