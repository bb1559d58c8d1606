package addrbook

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstRetry = 15 * time.Minute
	lastRetry  = 24 * time.Hour
)

// Run fetches the feed every Interval until ctx ends, and returns its cause. It begins after StartDelay, or when the
// next fetch is due. A random part is added to all times, so that they do not identify a program. After a failure it
// waits 15 min, then twice as long each time up to 24 h.
func (s *Subscription) Run(ctx context.Context) error {
	wait, failures := s.first(), 0
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		report, err := s.Fetch(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if s.OnFetch != nil {
			s.OnFetch(report, err)
		}
		if err == nil {
			wait, failures = s.interval(), 0
		} else {
			wait = min(firstRetry<<min(failures, 10), lastRetry)
			failures++
		}
		wait += random(wait / 8)
	}
}

// first returns how long to wait before the first fetch.
func (s *Subscription) first() time.Duration {
	delay := time.Duration(0)
	if s.StartDelay >= 0 {
		delay = orDefault(s.StartDelay, 5*time.Minute)
		delay += random(delay)
	}
	if st, err := s.load(); err == nil {
		due := time.Until(st.Fetched.Add(s.interval()))
		delay = max(delay, min(due, s.interval())) // Fetched may lie in the future
	}
	return delay
}

func (s *Subscription) interval() time.Duration {
	return max(orDefault(s.Interval, 12*time.Hour), time.Hour)
}

func random(d time.Duration) time.Duration { return rand.N(max(d, 1)) }
