package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// workers is how many open connections at once, and move bytes.
const workers = 16

// connects measures the set-up: by one client after the other, and by many at once.
func (b *bench) connects(ctx context.Context, r *relay, round int) error {
	if _, _, err := b.serial(ctx, r, b.time/3); err != nil { // warm
		return err
	}
	times, _, err := b.serial(ctx, r, b.time)
	if err != nil {
		return err
	}
	slices.Sort(times)
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	b.results.add(r.name, "connect, p50", 0, round, micros(times[len(times)/2]))
	b.results.add(r.name, "connect, p99", 0, round, micros(times[len(times)*99/100]))

	before := r.cpu()
	n, took, err := b.parallel(ctx, r)
	if err != nil {
		return err
	}
	b.results.add(r.name, "connects", 0, round, n/took.Seconds())
	if r.child != nil && measuresProcesses {
		b.results.add(r.name, "CPU per connect", 0, round, micros(r.cpu()-before)/n)
	}
	return nil
}

// serial opens one stream after the other, at least one, for some time.
func (b *bench) serial(ctx context.Context, r *relay, long time.Duration) (times []time.Duration, took time.Duration, err error) {
	began := time.Now()
	for ctx.Err() == nil && (len(times) == 0 || time.Since(began) < long) {
		d, err := r.once()
		if err != nil {
			return nil, 0, err
		}
		times = append(times, d)
	}
	return times, time.Since(began), ctx.Err()
}

// parallel lets all workers do the same.
func (b *bench) parallel(ctx context.Context, r *relay) (n float64, took time.Duration, err error) {
	var count atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, workers)
	began := time.Now()
	for i := range workers {
		wg.Go(func() {
			var times []time.Duration
			times, _, errs[i] = b.serial(ctx, r, b.time)
			count.Add(int64(len(times)))
		})
	}
	wg.Wait()
	return float64(count.Load()), time.Since(began), errors.Join(errs...)
}
