package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// maxAtOnce is how many faults overlap.
const maxAtOnce = 3

// storms breaks things until the time is over. After each storm everything is mended, and all visitors must get through
// before the next begins.
func storms(ctx context.Context, s settings, nw *network, w *wires, l *load, r *report) {
	l.recovered(ctx, "before any fault", s.recovery, nw.heal)
	chance := rand.New(rand.NewPCG(s.seed, 2))
	faults := append(l.faults(), nw.faults...)
	for end := time.Now().Add(s.time); time.Now().Before(end) && ctx.Err() == nil && r.err() == nil; {
		w.storm(!s.quick)
		storm(ctx, faults, chance, r)
		w.storm(false)
		l.recovered(ctx, "after a storm", s.recovery, nw.heal)
		sleep(ctx, between(chance, 0, nw.calm))
	}
}

// storm is some faults at once, and then their ends.
func storm(ctx context.Context, faults []fault, chance *rand.Rand, r *report) {
	var ends []func(context.Context) error
	for range 1 + chance.IntN(maxAtOnce) {
		f := choose(faults, chance)
		end, err := f.begin(ctx, chance)
		if err != nil {
			r.log.Warn("a fault failed", "fault", f.name, "err", err)
			continue
		}
		r.broke(f.name)
		ends = append(ends, end)
		sleep(ctx, between(chance, 0, time.Second))
	}
	for _, end := range ends {
		if err := end(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("the end of a fault failed", "err", err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
