package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

var partNames = []string{"connect", "bulk", "idle", "pending"}

// bench is one run.
type bench struct {
	*settings
	stderr   io.Writer
	results  *results
	goSocks5 string // the program
}

// measure runs all parts, and in each the relays in turns.
func measure(ctx context.Context, s *settings, stderr io.Writer) (*results, error) {
	b := &bench{settings: s, stderr: stderr, results: newResults(s)}
	if slices.Contains(b.relays, goSocks5) {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		if b.goSocks5, err = buildGoSocks5(ctx, dir); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			b.results.note("%s is left out, as it cannot be built: %v", goSocks5, err)
			b.relays = slices.DeleteFunc(slices.Clone(b.relays), func(name string) bool { return name == goSocks5 })
		} else {
			b.results.header = append(b.results.header, versions(b.goSocks5))
		}
	}
	began := time.Now()
	for _, part := range b.parts {
		if err := b.part(ctx, part); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(stderr, "took %v\n", time.Since(began).Round(time.Second))
	return b.results, nil
}

func (b *bench) part(ctx context.Context, part string) error {
	switch part {
	case "connect":
		return b.inTurns(ctx, part, b.connects)
	case "bulk":
		return b.inTurns(ctx, part, b.bulk)
	case "idle":
		return b.weigh(ctx, part, false, func(r *relay) error { return b.idle(ctx, r) })
	}
	if b.via == "tcp" || b.router != "" {
		b.results.note("waiting dials are measured with the bridge in memory alone, which can let them wait")
		return nil
	}
	return b.weigh(ctx, part, true, func(r *relay) error { return b.wait(ctx, r) })
}

// inTurns runs a part in rounds, each of which begins with another relay, over one site.
func (b *bench) inTurns(ctx context.Context, part string, f func(context.Context, *relay, int) error) error {
	p, err := startPlace(ctx, b.settings, b.stderr, false)
	if err != nil {
		return err
	}
	defer p.stop()
	one := func(name string, round int) error {
		r, err := b.startRelay(ctx, name, p.target)
		if err != nil {
			return err
		}
		defer r.stop()
		return f(ctx, r, round)
	}
	for round := range b.rounds {
		for i := range b.relays {
			name := b.relays[(i+round)%len(b.relays)]
			fmt.Fprintf(b.stderr, "%s, round %d: %s\n", part, round+1, name)
			if err := one(name, round); ctx.Err() != nil {
				return ctx.Err()
			} else if err != nil {
				return fmt.Errorf("%s: %s: %w", part, name, err)
			}
		}
	}
	return nil
}

// cpu returns the processor time of the relay.
func (r *relay) cpu() time.Duration {
	if r.child == nil {
		return 0
	}
	return cpuTime(r.child.pid())
}
