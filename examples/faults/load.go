package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// load is hosts that visit each other.
type load struct {
	report   *report
	hosts    []*host
	patience time.Duration // with one exchange

	strangers atomic.Uint64 // so far
}

// startLoad starts a host on each router.
func startLoad(ctx context.Context, s settings, nw *network, w *wires, r *report) (*load, error) {
	l := &load{report: r, patience: time.Minute}
	switch {
	case s.quick:
		l.patience = 10 * time.Second
	case nw.direct:
		l.patience = 2 * time.Minute
	}
	for i, address := range nw.doors {
		h := &host{load: l, number: i, name: fmt.Sprint("host", i), door: address, i2cp: s.i2cp, dial: w.dialRouter, direct: nw.direct, visitors: s.visitors, seed: s.seed}
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
func (l *load) restart(chance *rand.Rand) drawn {
	h, abort, down := l.hosts[chance.IntN(len(l.hosts))], chance.IntN(2) == 0, between(chance, 0, time.Second)
	return drawn{detail: fmt.Sprintf("%s, %v, at once: %t", h.name, down, abort), begin: func(context.Context) (func(context.Context) error, error) {
		if err := h.stop(abort); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			sleep(ctx, down)
			return h.start()
		}, nil
	}}
}
