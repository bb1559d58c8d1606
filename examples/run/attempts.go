package main

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// attempts counts what a program has tried to reach past the proxy.
type attempts struct {
	mu      sync.Mutex
	counts  map[target]int
	others  int // beyond maxTargets
	carried int // flows to I2P that did not ask the proxy
}

// target is an address, or for DNS a name.
type target struct{ Protocol, To string }

const maxTargets = 1000

func (a *attempts) add(protocol, to string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts == nil {
		a.counts = make(map[target]int)
	}
	t := target{protocol, to}
	if _, known := a.counts[t]; !known && len(a.counts) >= maxTargets {
		a.others++
		return
	}
	a.counts[t]++
}

func (a *attempts) carry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.carried++
}

// attempt is a line of the report.
type attempt struct {
	Protocol string `json:"protocol"`
	To       string `json:"to,omitempty"` // only if it may be revealed
	Targets  int    `json:"targets"`      // different ones
	Count    int    `json:"count"`
}

// report returns the attempts: of each protocol together, or one by one if they may be revealed.
func (a *attempts) report(reveal bool) (lines []attempt, carried int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	sums := make(map[target]attempt)
	for t, n := range a.counts {
		if !reveal {
			t.To = ""
		}
		s := sums[t]
		sums[t] = attempt{t.Protocol, t.To, s.Targets + 1, s.Count + n}
	}
	if a.others > 0 {
		sums[target{"other", ""}] = attempt{"other", "", a.others, a.others}
	}
	lines = slices.SortedFunc(maps.Values(sums), func(x, y attempt) int {
		return cmp.Or(cmp.Compare(x.Protocol, y.Protocol), cmp.Compare(y.Count, x.Count), cmp.Compare(x.To, y.To))
	})
	return lines, a.carried
}
