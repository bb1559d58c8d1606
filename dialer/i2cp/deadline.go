package i2cp

import (
	"sync"
	"time"
)

// deadline is a point in time after which an operation fails, guarded by the lock of who waits for it.
type deadline struct {
	timer   *time.Timer
	expired bool
}

// set moves the deadline and wakes those who wait if it has come. The caller holds the lock.
func (d *deadline) set(t time.Time, wake *sync.Cond) {
	d.stop()
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

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
