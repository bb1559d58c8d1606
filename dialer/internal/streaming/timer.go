package streaming

import (
	"container/heap"
	"math"
	"time"
)

// instant is a time of the engine's clock: how long it has run.
type instant = time.Duration

// never is after all times.
const never = instant(math.MaxInt64)

// timer is a place in the engine's heap. Its owner sets it to the earliest of
// all that it waits for.
type timer struct {
	at    instant
	place int // in the heap, from 1; 0 is not in it
	fire  timed
}

// timed is who has a timer: a stream or a peer.
type timed interface{ due(now instant) }

type timers []*timer

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].at < h[j].at }
func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}
func (h *timers) Push(x any) {
	t := x.(*timer)
	*h = append(*h, t)
	t.place = len(*h)
}
func (h *timers) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.place = 0
	return t
}

// set moves t to a time; never takes it out.
func (h *timers) set(t *timer, at instant) {
	switch {
	case at == t.at && t.place > 0:
	case at == never:
		if t.place > 0 {
			heap.Remove(h, t.place-1)
		}
	case t.place > 0:
		t.at = at
		heap.Fix(h, t.place-1)
	default:
		t.at = at
		heap.Push(h, t)
	}
	t.at = at
}

// next is when the first timer is due.
func (h timers) next() instant {
	if len(h) == 0 {
		return never
	}
	return h[0].at
}
