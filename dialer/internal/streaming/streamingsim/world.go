package streamingsim

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// World is a clock and what will happen.
type World struct {
	Rand   *rand.Rand
	begin  time.Time
	now    time.Duration
	events events
	n      int
}

// NewWorld returns a world whose chances follow from the seed.
func NewWorld(seed uint64) *World {
	return &World{Rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), begin: time.Unix(1_800_000_000, 0)}
}

// Now is the time of the world's clock, Elapsed how long it has run.
func (w *World) Now() time.Time         { return w.begin.Add(w.now) }
func (w *World) Elapsed() time.Duration { return w.now }

// After lets f happen in some time.
func (w *World) After(d time.Duration, f func()) {
	w.n++
	heap.Push(&w.events, event{w.now + max(d, 0), w.n, f})
}

// Run lets everything happen that happens in some time.
func (w *World) Run(d time.Duration) { w.RunUntil(d, func() bool { return false }) }

// RunUntil does so until done, and reports whether it was.
func (w *World) RunUntil(d time.Duration, done func() bool) bool {
	end := w.now + d
	for !done() {
		if len(w.events) == 0 || w.events[0].at > end {
			w.now = end
			return done()
		}
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.f()
	}
	return true
}

// Idle reports whether nothing more will happen.
func (w *World) Idle() bool { return len(w.events) == 0 }

type event struct {
	at time.Duration
	n  int // those of one time happen in the order they were made
	f  func()
}

type events []event

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].n < h[j].n
}
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)   { *h = append(*h, x.(event)) }
func (h *events) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return e
}
