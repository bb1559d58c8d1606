package socks

import (
	"sync/atomic"
	"time"
)

// How many goroutines of a listener wait for its next clients: many while clients come, and few of them for long.
const (
	maxWaiting = 16
	fewWaiting = 4
	thinEvery  = time.Second
)

// crew are the goroutines that serve the clients of a listener up to their streams, some of them one client after the other:
// the stack that a dial needs costs more to grow than all else that a goroutine is.
type crew struct {
	next    chan *conn    // closed when there are no more
	enough  chan struct{} // tells one that waits to go
	waiting atomic.Int32
	thins   atomic.Bool // a call of thin is due
}

func newCrew() *crew { return &crew{next: make(chan *conn), enough: make(chan struct{})} }

// serve gives a client to one that waits, or to a new one.
func (w *crew) serve(c *conn) {
	select {
	case w.next <- c:
	default:
		go w.work(c)
	}
}

func (w *crew) work(c *conn) {
	for c != nil {
		c.serve()
		c = w.await()
	}
}

// await returns the next client, or nil if the goroutine is to end.
func (w *crew) await() (c *conn) {
	n := w.waiting.Add(1)
	defer w.waiting.Add(-1)
	if n > maxWaiting {
		return nil
	}
	if n > fewWaiting {
		w.thinLater()
	}
	select {
	case c = <-w.next:
	case <-w.enough:
	}
	return c
}

func (w *crew) thinLater() {
	if !w.thins.Swap(true) {
		time.AfterFunc(thinEvery, w.thin)
	}
}

// thin lets all but few of those go who wait.
func (w *crew) thin() {
	w.thins.Store(false)
	for range w.waiting.Load() - fewWaiting {
		select {
		case w.enough <- struct{}{}:
		default: // one is about to wait
			w.thinLater()
			return
		}
	}
}

// dismiss lets those go who wait, or will.
func (w *crew) dismiss() { close(w.next) }
