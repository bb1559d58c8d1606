package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// fault is a way in which something breaks. draw chooses all that there is to choose and touches nothing, so that what
// follows in a run does not depend on how it went so far.
type fault struct {
	name   string
	weight int
	draw   func(chance *rand.Rand) drawn
}

// drawn is a fault with all its choices. begin breaks something, and returns what mends it.
type drawn struct {
	name, detail string
	begin        func(ctx context.Context) (end func(ctx context.Context) error, err error)
}

// choose draws a fault.
func choose(all []fault, chance *rand.Rand) drawn {
	sum := 0
	for _, f := range all {
		sum += f.weight
	}
	n := chance.IntN(sum)
	for _, f := range all {
		if n -= f.weight; n < 0 {
			d := f.draw(chance)
			d.name = f.name
			return d
		}
	}
	panic("unreachable")
}

// maxAtOnce is how many faults overlap.
const maxAtOnce = 3

// storm is some faults at once, and then their ends.
type storm struct {
	wires  uint64 // seed of what happens to connections meanwhile
	faults []drawn
	pauses []time.Duration // behind each
	calm   time.Duration   // behind all
}

// drawStorm draws a storm, and a calm of up to so long.
func drawStorm(faults []fault, calm time.Duration, chance *rand.Rand) storm {
	s := storm{wires: chance.Uint64()}
	for range 1 + chance.IntN(maxAtOnce) {
		s.faults = append(s.faults, choose(faults, chance))
		s.pauses = append(s.pauses, between(chance, 0, time.Second))
	}
	s.calm = between(chance, 0, calm)
	return s
}

func (s storm) String() string {
	var b strings.Builder
	for i, f := range s.faults {
		fmt.Fprintf(&b, "%s (%s), %v; ", f.name, f.detail, s.pauses[i])
	}
	fmt.Fprintf(&b, "connections by %d; %v", s.wires, s.calm)
	return b.String()
}

// between draws a time.
func between(chance *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(chance.Int64N(int64(most-least)+1)).Round(time.Millisecond)
}

func nothing(context.Context) error { return nil }
