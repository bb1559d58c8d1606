package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// errLost is what a network that does not come back to itself makes of visitors.
var errLost = errors.New("do not get through")

// recovered waits until every visitor has been to every other host, all bytes of it. Routers that crash by themselves
// meanwhile, as i2pd does now and then, are healed, too.
func (l *load) recovered(ctx context.Context, when string, bound time.Duration, nw *network) {
	begin := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if n%100 == 0 {
			if err := nw.heal(ctx); err != nil {
				l.report.violated("a router does not start again: %w", err)
				return
			}
		}
		missing := l.missing(begin)
		if len(missing) == 0 {
			l.report.recovered("all visitors", time.Since(begin))
			return
		}
		if time.Since(begin) > bound {
			l.report.violated("%s, %v %w in %v", when, missing, errLost, bound)
			return
		}
		sleep(ctx, 10*time.Millisecond)
	}
}

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

// strangersGetThrough waits until a visitor who was never there gets from each host to each other. Those who were may
// have to wait until their routers forget the tunnels that they know: i2pd looks a destination up again when all that it
// knows of it has expired, and no sooner, whatever becomes of what it sends.
func (l *load) strangersGetThrough(ctx context.Context, when string, bound time.Duration, nw *network) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var all sync.WaitGroup
	for _, h := range l.hosts {
		for _, site := range l.hosts {
			if site != h {
				all.Go(func() { l.sendStrangers(ctx, when, h, site) })
			}
		}
	}
	healed := make(chan struct{})
	go func() {
		defer close(healed)
		for ctx.Err() == nil {
			if err := nw.heal(ctx); err != nil && ctx.Err() == nil {
				l.report.violated("a router does not start again: %w", err)
				cancel()
			}
			sleep(ctx, time.Second)
		}
	}()
	all.Wait()
	in := ctx.Err() == nil
	cancel()
	<-healed
	if in {
		l.report.recovered("new visitors", time.Since(begin))
	}
}

// strangersPatience is with one exchange: another stranger may have a newer answer of where the site is.
const strangersPatience = 30 * time.Second

func (l *load) sendStrangers(ctx context.Context, when string, h, site *host) {
	begin := time.Now()
	for ctx.Err() == nil {
		name := fmt.Sprintf("%s's stranger %d", h.name, l.strangers.Add(1))
		identity := h.isolate(name)
		if identity == nil {
			return // the host has ended
		}
		v := &visitor{host: h, name: name, dialer: identity, patience: strangersPatience, visits: map[*host]time.Time{}}
		v.visit(ctx, site, rand.New(rand.NewPCG(h.seed, l.strangers.Load())), -1)
		identity.Close()
		if v.visited(site, begin) {
			return
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		l.report.violated("%s, new visitors of %s %w to %s", when, h.name, errLost, site.name)
	}
}
