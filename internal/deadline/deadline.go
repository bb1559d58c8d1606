// Package deadline holds deadlines: of operations that wait on a [sync.Cond], and of those that wait on channels.
package deadline

import (
	"sync"
	"time"
)

// Deadline is a point in time after which an operation fails. The zero value is none. All its methods are called with the
// lock of the condition held.
type Deadline struct {
	timer   *time.Timer
	expired bool
}

// Set moves the deadline, and wakes those who wait once it has come. The zero time is none.
func (d *Deadline) Set(t time.Time, wake *sync.Cond) {
	d.Stop()
	d.expired = false
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.expired = true
		wake.Broadcast()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		wake.L.Lock()
		defer wake.L.Unlock()
		if d.timer == timer { // not moved while this waited for the lock
			d.expired = true
			wake.Broadcast()
		}
	})
	d.timer = timer
}

// Expired reports whether the deadline has come.
func (d *Deadline) Expired() bool { return d.expired }

// Stop lets a deadline that has not come never come.
func (d *Deadline) Stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
