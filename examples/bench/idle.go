package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// traffic is how many bytes a stream has brought before it is idle.
const traffic = 10_000

// idle weighs a relay with more and more streams that have worked and are silent now.
func (b *bench) idle(ctx context.Context, r *relay) error {
	if _, err := r.once(); err != nil {
		return err
	}
	if err := pause(ctx, min(b.settle, time.Second)); err != nil {
		return err
	}
	memory, files := resident(r.child.pid()), descriptors(r.child.pid())
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for each := 2; ; {
		n := b.nextStep(r.name, len(conns), each)
		if n <= len(conns) {
			return nil
		}
		more, err := openMany(ctx, n-len(conns), func() (net.Conn, error) { return r.worked(traffic) })
		conns = append(conns, more...)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			b.results.note("%s: idle streams end at %d: %v", r.name, len(conns), err)
			return nil
		}
		if err := pause(ctx, b.settle); err != nil {
			return err
		}
		held, open := resident(r.child.pid())-memory, descriptors(r.child.pid())-files
		b.results.add(r.name, "memory per idle stream", n, 0, float64(held)/float64(n))
		b.results.add(r.name, "descriptors per idle stream", n, 0, float64(open)/float64(n))
		each = max(2, (open+n/2)/n)
	}
}

// steps are the numbers of idle streams to weigh.
var steps = []int{10, 100, 1000, 3000, 10_000}

// nextStep returns how many streams to weigh after some, of which each has taken the relay so many descriptors; no more than
// there are if that was the last step. The bridge has two for each, so it is never fewer.
func (b *bench) nextStep(name string, after, each int) int {
	most := b.streams
	if limit := descriptorLimit(); limit > 0 && (limit-spare)/each < most {
		most = (limit - spare) / each
	}
	for _, n := range steps {
		if n > after && n < most {
			return n
		}
	}
	if most < b.streams {
		b.results.note("%s: idle streams end at %d, not %d: a process may have %d descriptors, and each takes %d", name, max(most, after), b.streams, descriptorLimit(), each)
	}
	return most
}

// openMany opens n connections, some at a time. With an error come those that were opened before.
func openMany(ctx context.Context, n int, open func() (net.Conn, error)) (conns []net.Conn, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for {
				mu.Lock()
				enough := n == 0 || err != nil || ctx.Err() != nil
				if !enough {
					n--
				}
				mu.Unlock()
				if enough {
					return
				}
				c, failed := open()
				mu.Lock()
				if failed == nil {
					conns = append(conns, c)
				} else if err == nil {
					err = failed
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return conns, errors.Join(err, ctx.Err())
}

// spare is how many descriptors a process may have beside streams: pipes, control connections, and the runtime's own.
const spare = 100

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// weigh runs a part that needs to see processes, for each relay that is one, with a site of its own.
func (b *bench) weigh(ctx context.Context, part string, hold bool, f func(*relay) error) error {
	if !measuresProcesses {
		b.results.note("%s streams are not measured: memory and descriptors are read from Linux's /proc", part)
		return nil
	}
	for _, name := range b.relays {
		if name == direct {
			continue
		}
		fmt.Fprintf(b.stderr, "%s: %s\n", part, name)
		if err := b.with(ctx, name, hold, f); err != nil {
			return fmt.Errorf("%s: %s: %w", part, name, err)
		}
	}
	return nil
}

// with runs f with a fresh relay to a fresh site.
func (b *bench) with(ctx context.Context, name string, hold bool, f func(*relay) error) error {
	p, err := startPlace(ctx, b.settings, b.stderr, hold)
	if err != nil {
		return err
	}
	defer p.stop()
	r, err := b.startRelay(ctx, name, p.target)
	if err != nil {
		return err
	}
	defer r.stop()
	return f(r)
}
