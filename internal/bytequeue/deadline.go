package bytequeue

import (
	"sync"
	"time"
)

// deadline is one side's deadline, guarded by the lock of its condition.
type deadline struct {
	timer   *time.Timer
	expired bool
}

func (d *deadline) set(t time.Time, wake *sync.Cond) {
	wake.L.Lock()
	defer wake.L.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
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
		if d.timer == timer { // not replaced while this waited for the lock
			d.expired = true
			wake.Broadcast()
		}
	})
	d.timer = timer
}
