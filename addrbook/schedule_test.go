package addrbook_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := identity(t)
		s, f := subscribe(t, at("n.i2p", a, ""))
		var times []time.Time
		var failed []error
		start := time.Now()
		s.OnFetch = func(_ addrbook.Report, err error) { times, failed = append(times, time.Now()), append(failed, err) }
		stop := errors.New("stop")
		run := func(d time.Duration) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), d, stop)
			defer cancel()
			assert.Equal(t, stop, s.Run(ctx))
		}
		run(30 * time.Hour)
		require.Len(t, times, 3)
		between(t, 5*time.Minute, 10*time.Minute, times[0].Sub(start))
		between(t, 12*time.Hour, 27*time.Hour/2, times[1].Sub(times[0]))
		between(t, 12*time.Hour, 27*time.Hour/2, times[2].Sub(times[1]))

		s = &addrbook.Subscription{URL: s.URL, Path: s.Path, Dialer: s.Dialer, OnFetch: s.OnFetch, StartDelay: -1}
		last := times[2]
		f.status, times, failed = 503, nil, nil
		run(80 * time.Hour)
		between(t, 12*time.Hour-time.Second, 12*time.Hour, times[0].Sub(last)) // no earlier after a restart
		wait := 15 * time.Minute
		for i := range len(times) - 1 {
			assert.ErrorIs(t, failed[i], addrbook.ErrRefused)
			between(t, wait, wait*9/8, times[i+1].Sub(times[i]))
			wait = min(2*wait, 24*time.Hour)
		}
		assert.Greater(t, len(times), 7)
	})
}

func between(t testing.TB, least, most, got time.Duration) {
	t.Helper()
	assert.GreaterOrEqual(t, got, least)
	assert.LessOrEqual(t, got, most)
}

func TestFetchTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &addrbook.Subscription{URL: feedURL, Dialer: hanging{}}
		start := time.Now()
		_, err := s.Fetch(t.Context())
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 5*time.Minute, time.Since(start))
	})
}

type hanging struct{}

func (hanging) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
