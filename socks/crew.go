package socks

import "sync/atomic"

// maxWaiting is how many goroutines of a listener wait for its next clients.
const maxWaiting = 4

// crew are the goroutines that serve the clients of a listener up to their streams, some of them one client after the other:
// the stack that a dial needs costs more to grow than all else that a goroutine is.
type crew struct {
	next    chan *conn // closed when there are no more
	waiting atomic.Int32
}

func newCrew() *crew { return &crew{next: make(chan *conn)} }

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
		if w.waiting.Add(1) <= maxWaiting {
			c = <-w.next
		} else {
			c = nil
		}
		w.waiting.Add(-1)
	}
}

// dismiss lets those go who wait, or will.
func (w *crew) dismiss() { close(w.next) }
