package deadline

import (
	"sync"
	"time"
)

// Signal is a deadline of operations that wait on channels: a point in time that may be moved while somebody waits for it. The zero value never comes.
type Signal struct {
	mu    sync.Mutex
	timer *time.Timer
	past  chan struct{} // closed when it has come
}

// Passed returns a channel that is closed when the deadline comes, wherever it is moved meanwhile.
func (d *Signal) Passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.init()
	return d.past
}

func (d *Signal) init() {
	if d.past == nil {
		d.past = make(chan struct{})
	}
}

// Set moves the deadline. The zero time is none.
func (d *Signal) Set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.init()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	select {
	case <-d.past:
		d.past = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		close(d.past)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.timer == timer { // not moved while this waited for the lock
			close(d.past)
			d.timer = nil
		}
	})
	d.timer = timer
}
