package bound

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestContext(t *testing.T) {
	for name, c := range map[string]struct {
		has, bound, want time.Duration // none where 0
		same             bool
	}{
		"no bound":             {0, 0, 0, true},
		"off":                  {0, -1, 0, true},
		"a bound":              {0, time.Second, time.Second, false},
		"a shorter bound":      {time.Minute, time.Second, time.Second, false},
		"ends before":          {time.Second, time.Minute, time.Second, true},
		"ends then":            {time.Second, time.Second, time.Second, true},
		"ends, without bounds": {time.Second, 0, time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, outer := time.Now(), t.Context()
				if c.has > 0 {
					var cancel context.CancelFunc
					outer, cancel = context.WithTimeout(outer, c.has)
					defer cancel()
				}
				ctx, cancel := Context(outer, c.bound)
				assert.Equal(t, c.same, ctx == outer)
				if c.want > 0 {
					<-ctx.Done()
					assert.Equal(t, c.want, time.Since(began))
					assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
				}
				cancel()
				assert.Equal(t, c.want == 0 && c.same, ctx.Err() == nil)
			})
		})
	}
}
