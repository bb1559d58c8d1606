package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// leaseTime is how long i2pd believes in a lease set, and sends to tunnels in it that are gone: as long as leases last, and
// a minute.
const leaseTime = 11 * time.Minute

// storms breaks things until the time is over. After each storm everything is mended, and visitors must get through
// before the next begins; at the end all of them must.
func storms(ctx context.Context, s settings, nw *network, w *wires, l *load, r *report) {
	l.recovered(ctx, "before any fault", s.recovery+max(nw.memory, 0), nw)
	chance := rand.New(rand.NewPCG(s.seed, 2))
	faults := append(l.faults(), nw.faults...)
	for end := time.Now().Add(s.time); time.Now().Before(end) && ctx.Err() == nil && r.err() == nil; {
		storm := drawStorm(faults, nw.calm, chance)
		r.log.Info("storm", "plan", storm)
		w.storm(storm.wires, true)
		storm.pass(ctx, r)
		w.calm()
		if nw.memory != 0 {
			l.strangersGetThrough(ctx, "after a storm", s.recovery, nw)
		} else {
			l.recovered(ctx, "after a storm", s.recovery, nw)
		}
		sleep(ctx, storm.calm)
	}
	if nw.memory > 0 && r.err() == nil {
		l.recovered(ctx, "at the end", s.recovery+nw.memory, nw)
	}
}

// pass is the storm.
func (s storm) pass(ctx context.Context, r *report) {
	var ends []func(context.Context) error
	for i, f := range s.faults {
		end, err := f.begin(ctx)
		if err != nil {
			r.log.Warn("a fault failed", "fault", f.name, "err", err)
			continue
		}
		r.broke(f.name)
		ends = append(ends, end)
		sleep(ctx, s.pauses[i])
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
