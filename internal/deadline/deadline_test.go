package deadline

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// Whoever waits is woken when the deadline comes, wherever it was moved meanwhile.
func TestDeadline(t *testing.T) {
	for name, tt := range map[string]struct {
		first, then time.Duration // 0 is not set
		want        time.Duration
	}{
		"later":     {2 * time.Second, 3 * time.Second, 3 * time.Second},
		"sooner":    {time.Hour, 2 * time.Second, 2 * time.Second},
		"in time":   {2 * time.Second, 0, 2 * time.Second},
		"long past": {time.Hour, -time.Hour, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var d Deadline
				wake := sync.NewCond(&mu)
				begin := time.Now()
				mu.Lock()
				d.Set(begin.Add(tt.first), wake)
				mu.Unlock()
				go func() {
					time.Sleep(time.Second)
					mu.Lock()
					defer mu.Unlock()
					if tt.then != 0 {
						d.Set(begin.Add(tt.then), wake)
					}
				}()
				mu.Lock()
				defer mu.Unlock()
				for !d.Expired() {
					wake.Wait()
				}
				assert.Equal(t, tt.want, time.Since(begin))
			})
		})
	}
}

func TestNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var d Deadline
		wake := sync.NewCond(&mu)
		mu.Lock()
		defer mu.Unlock()
		d.Set(time.Now(), wake)
		assert.True(t, d.Expired())
		d.Set(time.Time{}, wake)
		assert.False(t, d.Expired())
		d.Set(time.Now().Add(time.Second), wake)
		d.Stop()
		d.Stop()
		mu.Unlock()
		time.Sleep(time.Minute)
		mu.Lock()
		assert.False(t, d.Expired())
	})
}
