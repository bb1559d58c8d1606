package socks

import (
	"errors"
	"syscall"
	"time"
)

// defaultParkAfter is how long a relay is silent before its goroutines end, and the lot waits in their place. The way there and
// back costs some 20 µs.
const defaultParkAfter = 50 * time.Millisecond

// errParked is what a direction ends with that goes on later.
var errParked = errors.New("relay: parked")

// parkState is where a relay is. On the way to the lot its goroutines are asked to end, by a read deadline; if bytes come in the
// meantime, all goes on.
type parkState int8

const (
	running parkState = iota
	asked
	parked
)

// spliced notes that a direction has begun to move bytes in the kernel: only such can be parked.
func (w *watch) spliced(f *flow) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.spliced = true
	if w.mayPark() {
		w.arm()
	}
}

// refused notes that the kernel does not move the bytes of a direction.
func (w *watch) refused(f *flow) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.spliced = false
}

// mayPark reports whether there is a lot for the relay. The caller holds mu, here and below.
func (w *watch) mayPark() bool {
	can := func(f *flow) bool { return f.over || f.spliced }
	return w.opt.Lot != nil && w.state == running && !w.ended && !w.unparkable && can(w.up) && can(w.down)
}

// park asks the goroutines to end if both do nothing but wait for bytes. One that has got some looks at asked after it has
// said that it does not wait, and here it is the other way round, so that one of the two notices.
func (w *watch) park() {
	w.asked.Store(true)
	for _, f := range w.flows() {
		if !f.over && (!f.waiting.Load() || f.ahead != nil && !f.ahead.empty()) {
			w.asked.Store(false)
			return
		}
	}
	w.state = asked
	w.setReadDeadlines(past)
}

func (w *watch) flows() [2]*flow { return [...]*flow{w.up, w.down} }

func (w *watch) setReadDeadlines(t time.Time) {
	for _, f := range w.flows() {
		if raw, _ := unwrap(f.src); !f.over {
			raw.SetReadDeadline(t)
		}
	}
}

// parks is called by a direction whose read has met a deadline: true if its goroutine is to end. With again it is to
// read again, since something came in the meantime.
func (w *watch) parks(f *flow) (ends, again bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended:
		return false, false
	case w.state != asked:
		return false, true
	}
	f.parked = true
	w.enterLot()
	return true, false
}

// enterLot goes to the lot once no goroutine is left.
func (w *watch) enterLot() {
	for _, f := range w.flows() {
		if !f.over && !f.parked {
			return
		}
	}
	w.setReadDeadlines(time.Time{})
	w.state = parked
	w.spot.Wake = w.wake
	a, oka := w.socketOf(w.up)
	b, okb := w.socketOf(w.down)
	w.spot.A, w.spot.B = a, b
	if !oka || !okb { // closed just now, which its goroutine will find
		w.resume()
	} else if err := w.opt.Lot.Park(&w.spot); err != nil {
		w.unparkable = true
		w.resume()
	}
}

// socketOf returns what a direction waits for: nothing if it is over. It is false for a socket that is none any more.
func (w *watch) socketOf(f *flow) (rc syscall.RawConn, ok bool) {
	if f.over {
		return nil, true
	}
	rc, _ = socket(f.src)
	return rc, rc != nil
}

// wake goes on after the lot.
func (w *watch) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == parked {
		w.resume()
	}
}

// unpark goes on when bytes have come after the goroutines were asked to end.
func (w *watch) unpark() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == asked && !w.ended {
		w.setReadDeadlines(time.Time{})
		w.resume()
	}
}

// resume starts the goroutines again that have ended.
func (w *watch) resume() {
	w.state = running
	w.asked.Store(false)
	for _, f := range w.flows() {
		if f.parked {
			f.parked = false
			go w.run(f, nil)
		}
	}
	if !w.ended {
		w.arm()
	}
}

// over notes that a direction is over, and reports whether both are.
func (w *watch) over(f *flow) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.over = true
	if w.up.over && w.down.over {
		return true
	}
	if w.state == asked {
		w.enterLot()
	}
	return false
}
