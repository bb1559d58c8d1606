package i2cptest

import (
	"container/heap"
	"time"
)

// Link models the path of messages from a router's sessions, including tunnels. The zero value delivers at once and
// loses nothing.
type Link struct {
	// Delay is added to each message; Jitter is how much more, at most and at random, it may be. Jitter
	// alone changes no order.
	Delay, Jitter time.Duration
	// Loss, Duplicate and Reorder are the parts, 0 to 1, of messages that are lost, that come twice, and that come
	// up to Delay/2 + Jitter + 10 ms late, behind others.
	Loss, Duplicate, Reorder float64
	// Rate is in bytes per second, payloads counted; 0 is without a limit. What would have to wait for more than Queue
	// bytes before it is lost; 0 is 256 KiB.
	Rate, Queue int
}

const defaultQueue = 256 << 10

// SetLink changes the link for messages that are sent from now on.
func (r *Router) SetLink(l Link) {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	r.link.Link = l
}

// link carries messages by a model. All is guarded by the network's lock.
type link struct {
	Link
	nw    *Network
	free  time.Time // when what was sent so far is through the bottleneck
	last  time.Time // when the last message arrives that keeps the order
	seq   uint64
	queue deliveries
	timer *time.Timer
}

// send calls deliver once or twice, now or later, or never and reports false.
func (l *link) send(size int, deliver func()) bool {
	now := time.Now()
	if l.Loss > 0 && l.nw.random.Float64() < l.Loss {
		return false
	}
	at := now
	if l.Rate > 0 {
		limit := l.Queue
		if limit == 0 {
			limit = defaultQueue
		}
		at = later(now, l.free)
		if at.Sub(now).Seconds()*float64(l.Rate) > float64(limit) {
			return false
		}
		at = at.Add(time.Duration(float64(size) / float64(l.Rate) * float64(time.Second)))
		l.free = at
	}
	at = at.Add(l.Delay + l.upTo(l.Jitter))
	if l.Reorder > 0 && l.nw.random.Float64() < l.Reorder {
		at = at.Add(l.upTo(l.Delay/2 + l.Jitter + 10*time.Millisecond))
	} else {
		at = later(at, l.last)
		l.last = at
	}
	l.add(at, now, deliver)
	if l.Duplicate > 0 && l.nw.random.Float64() < l.Duplicate {
		l.add(at.Add(l.upTo(l.Delay+l.Jitter)), now, deliver)
	}
	return true
}

func (l *link) add(at, now time.Time, deliver func()) {
	if !at.After(now) && len(l.queue) == 0 {
		deliver()
		return
	}
	l.seq++
	heap.Push(&l.queue, delivery{at, l.seq, deliver})
	if l.queue[0].seq == l.seq {
		l.arm(now)
	}
}

// arm sets the timer to the next delivery.
func (l *link) arm(now time.Time) {
	if l.timer != nil {
		l.timer.Stop()
	}
	if len(l.queue) > 0 {
		l.timer = l.nw.after(l.queue[0].at.Sub(now), l.fire)
	}
}

func (l *link) fire() {
	now := time.Now()
	for len(l.queue) > 0 && !l.queue[0].at.After(now) {
		heap.Pop(&l.queue).(delivery).deliver()
	}
	l.arm(now)
}

// clear forgets all that is under way.
func (l *link) clear() {
	l.queue, l.free, l.last = nil, time.Time{}, time.Time{}
	l.arm(time.Time{})
}

func (l *link) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(l.nw.random.Int64N(int64(d)))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// delivery is a message that arrives at a time.
type delivery struct {
	at      time.Time
	seq     uint64
	deliver func()
}

// deliveries is a heap.
type deliveries []delivery

func (d deliveries) Len() int { return len(d) }
func (d deliveries) Less(i, j int) bool {
	if d[i].at.Equal(d[j].at) {
		return d[i].seq < d[j].seq
	}
	return d[i].at.Before(d[j].at)
}
func (d deliveries) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deliveries) Push(x any)   { *d = append(*d, x.(delivery)) }
func (d *deliveries) Pop() any {
	old := *d
	last := old[len(old)-1]
	old[len(old)-1] = delivery{}
	*d = old[:len(old)-1]
	return last
}
