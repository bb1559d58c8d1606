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

// maxFailures is for how many failures that nobody asked for, as i2pd has now and then, those who recover get more time.
const maxFailures = 10

// recovered waits until every visitor has been to every other host, all bytes of it. Routers that fail by themselves
// meanwhile are healed, too.
func (l *load) recovered(ctx context.Context, when string, bound time.Duration, nw *network) {
	begin := time.Now()
	end := begin.Add(bound)
	for n, failures := 0, 0; ctx.Err() == nil; n++ {
		if n%100 == 0 {
			found, err := nw.heal(ctx)
			if err != nil && ctx.Err() == nil {
				l.report.violated("a router does not start again: %w", err)
				return
			}
			if found && failures < maxFailures {
				failures++
				end = time.Now().Add(bound)
			}
		}
		missing := l.missing(begin)
		if len(missing) == 0 {
			l.report.recovered("all visitors", time.Since(begin))
			return
		}
		if time.Now().After(end) {
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
	trying, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(bound, cancel)
	defer late.Stop()
	var all sync.WaitGroup
	for _, h := range l.hosts {
		for _, site := range l.hosts {
			if site != h {
				all.Go(func() { l.sendStrangers(trying, h, site) })
			}
		}
	}
	healed := make(chan struct{})
	go func() {
		defer close(healed)
		for failures := 0; trying.Err() == nil; sleep(trying, time.Second) {
			found, err := nw.heal(trying)
			if err != nil && trying.Err() == nil {
				l.report.violated("a router does not start again: %w", err)
				cancel()
			}
			if found && failures < maxFailures {
				failures++
				late.Reset(bound)
			}
		}
	}()
	all.Wait()
	in := trying.Err() == nil
	cancel()
	<-healed
	switch {
	case in:
		l.report.recovered("new visitors", time.Since(begin))
	case ctx.Err() == nil:
		l.report.violated("%s, new visitors %w in %v", when, errLost, bound)
	}
}

// strangersPatience is with one exchange: another stranger may have a newer answer of where the site is.
const strangersPatience = 30 * time.Second

// sendStrangers sends one after another, until one got through.
func (l *load) sendStrangers(ctx context.Context, h, site *host) {
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
			return
		}
	}
}
