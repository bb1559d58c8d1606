package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// errLost is what a network that does not come back to itself makes of visitors, and errCrashed what i2pd may make of those
// whose router, or their site's, has crashed.
var (
	errLost    = errors.New("do not get through")
	errCrashed = errors.New("a router of theirs had crashed")
)

// missed is a visit that has to be made.
type missed struct {
	visitor  string
	from, to *host
}

func (m missed) String() string { return m.visitor + " to " + m.to.name }

// await waits until no visits are missing. Each may be for so long a time, which begins anew when a router of the two hosts
// fails by itself. Routers can do so for ever, so what is missing after twice that time is let off, and counted.
func (l *load) await(ctx context.Context, who, when string, bound time.Duration, nw *network, missing func() []missed) {
	begin := time.Now()
	failed := map[*host]time.Time{}
	for n := 0; ctx.Err() == nil; n++ {
		if n%100 == 0 {
			hosts, err := nw.heal(ctx)
			if err != nil && ctx.Err() == nil {
				l.report.violated("a router does not start again: %w", err)
				return
			}
			for _, i := range hosts {
				failed[l.hosts[i]] = time.Now()
			}
		}
		left := missing()
		if len(left) == 0 {
			l.report.recovered(who, time.Since(begin))
			return
		}
		if l.judge(left, when, bound, begin, failed, nw) {
			return
		}
		if time.Since(begin) > 2*bound {
			l.report.letOff(who, len(left))
			return
		}
		sleep(ctx, 10*time.Millisecond)
	}
}

// judge takes down which visits are late, and reports whether some are.
func (l *load) judge(left []missed, when string, bound time.Duration, begin time.Time, failed map[*host]time.Time, nw *network) bool {
	var late, crashed []missed
	for _, m := range left {
		since := failed[m.from]
		if failed[m.to].After(since) {
			since = failed[m.to]
		}
		switch {
		case time.Since(begin) < bound || time.Since(since) < bound:
		case nw.crashed(m.from.number) || nw.crashed(m.to.number):
			crashed = append(crashed, m)
		default:
			late = append(late, m)
		}
	}
	if len(late) > 0 {
		l.report.violated("%s, %v %w in %v", when, late, errLost, bound)
	}
	if len(crashed) > 0 {
		l.report.violated("%s, %v %w in %v: %w", when, crashed, errLost, bound, errCrashed)
	}
	return len(late)+len(crashed) > 0
}

// recovered waits until every visitor has been to every other host, all bytes of it.
func (l *load) recovered(ctx context.Context, when string, bound time.Duration, nw *network) {
	begin := time.Now()
	l.await(ctx, "all visitors", when, bound, nw, func() (all []missed) {
		for _, h := range l.hosts {
			for _, v := range h.present() {
				for _, site := range l.hosts {
					if site != h && !v.visited(site, begin) {
						all = append(all, missed{v.name, h, site})
					}
				}
			}
		}
		return all
	})
}

// strangersGetThrough waits until a visitor who was never there gets from each host to each other. Those who were may
// have to wait until their routers forget the tunnels that they know: i2pd looks a destination up again when all that it
// knows of it has expired, and no sooner, whatever becomes of what it sends.
func (l *load) strangersGetThrough(ctx context.Context, when string, bound time.Duration, nw *network) {
	trying, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	var mu sync.Mutex
	var left []missed
	for _, h := range l.hosts {
		for _, site := range l.hosts {
			if site == h {
				continue
			}
			m := missed{h.name + "'s strangers", h, site}
			left = append(left, m)
			running.Go(func() {
				if l.sendStrangers(trying, h, site) {
					mu.Lock()
					defer mu.Unlock()
					left = slices.DeleteFunc(left, func(other missed) bool { return other == m })
				}
			})
		}
	}
	l.await(ctx, "new visitors", when, bound, nw, func() []missed {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(left)
	})
	cancel()
	running.Wait()
}

// strangersPatience is with one exchange: another stranger may have a newer answer of where the site is.
const strangersPatience = 30 * time.Second

// sendStrangers sends one after another, until one got through. It reports whether one did.
func (l *load) sendStrangers(ctx context.Context, h, site *host) bool {
	begin := time.Now()
	for ; ctx.Err() == nil; sleep(ctx, time.Second) {
		n := l.strangers.Add(1)
		name := fmt.Sprintf("%s's stranger %d", h.name, n)
		identity := h.isolate(name)
		if identity == nil {
			continue
		}
		v := &visitor{host: h, name: name, dialer: identity, patience: strangersPatience, visits: map[*host]time.Time{}}
		v.visit(ctx, site, rand.New(rand.NewPCG(h.seed, n)), -1)
		identity.Close()
		if v.visited(site, begin) {
			return true
		}
	}
	return false
}
