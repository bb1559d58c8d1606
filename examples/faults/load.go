package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// load is hosts that visit each other.
type load struct {
	report   *report
	hosts    []*host
	patience time.Duration // with one exchange
}

// startLoad starts a host on each router.
func startLoad(ctx context.Context, s settings, nw *network, w *wires, r *report) (*load, error) {
	l := &load{report: r, patience: 20 * time.Second}
	switch {
	case s.quick:
		l.patience = 5 * time.Second
	case nw.direct:
		l.patience = 2 * time.Minute
	}
	for i, address := range nw.bridges {
		h := &host{load: l, name: fmt.Sprint("host", i), bridge: address, dial: w.dialBridge, direct: nw.direct, visitors: s.visitors, seed: s.seed}
		l.hosts = append(l.hosts, h)
		own, err := h.identity(ctx)
		if err != nil {
			return nil, err
		}
		r.saw(h.name, own)
	}
	for _, h := range l.hosts {
		if err := h.start(); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

func (l *load) close() (err error) {
	var wg sync.WaitGroup
	errs := make([]error, len(l.hosts))
	for i, h := range l.hosts {
		wg.Go(func() { errs[i] = h.stop(false) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// faults are those of hosts.
func (l *load) faults() []fault { return []fault{{"host restarted", 1, l.restart}} }

// restart ends a host, at once or in order, and starts it again.
func (l *load) restart(_ context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	h, abort, down := l.hosts[chance.IntN(len(l.hosts))], chance.IntN(2) == 0, between(chance, 0, time.Second)
	if err := h.stop(abort); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		sleep(ctx, down)
		return h.start()
	}, nil
}

// recovered waits until every visitor has been to every other host, all bytes of it. Routers that crash by themselves
// meanwhile, as i2pd does now and then, are healed, too.
func (l *load) recovered(ctx context.Context, when string, bound time.Duration, heal func(context.Context) error) {
	begin := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if n%100 == 0 {
			if err := heal(ctx); err != nil {
				l.report.violated("a router does not start again: %w", err)
				return
			}
		}
		missing := l.missing(begin)
		if len(missing) == 0 {
			l.report.recovered(time.Since(begin))
			return
		}
		if time.Since(begin) > bound {
			l.report.violated("%s, %v %w in %v", when, missing, errLost, bound)
			return
		}
		sleep(ctx, 10*time.Millisecond)
	}
}

// errLost is what a network that does not come back to itself makes of visitors; i2pd has such moments.
var errLost = errors.New("do not get through")

// missing returns which visits were not made since then.
func (l *load) missing(since time.Time) (all []string) {
	for _, h := range l.hosts {
		for _, v := range h.present() {
			for _, site := range l.hosts {
				if site != h && !v.visited(site, since) {
					all = append(all, v.name+" to "+site.name)
				}
			}
		}
	}
	return all
}
