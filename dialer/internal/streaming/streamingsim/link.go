package streamingsim

import "time"

// Path is what the packets of one direction go through. The zero value delivers at once.
type Path struct {
	Delay     time.Duration
	Jitter    time.Duration // up to so much more
	Loss      float64       // of packets, by chance
	Duplicate float64
	Reorder   float64 // of packets, that are held back by ReorderBy
	ReorderBy time.Duration
	Rate      float64 // bytes a second of the bottleneck, 0 is without
	Queue     int     // bytes that wait for the bottleneck at most
	// Learns is set for a bottleneck that is a connection of two routers, as NTCP2's over TCP: it has to find its
	// rate itself, and finds more only while something waits for it.
	Learns bool
	// Repairs is set for one whose losses are repaired, as TCP's are: what is lost comes a round trip later, and all that
	// was sent after it waits for that. After the third loss of the same packet such a connection stands still for a
	// second, and goes on at half of its rate.
	Repairs bool
	Down    bool // nothing comes through
}

// Link is a path in a world. Several nodes may share it, and then its rate.
type Link struct {
	Path
	w    *World
	free time.Duration // when the bottleneck is idle again

	learnt  float64       // of the rate
	waited  time.Duration // since when something has waited
	arrives time.Duration // when all that was sent before has arrived, if losses are repaired

	Sent, Lost, Dropped int // packets: in all, by chance, by the full queue
}

// NewLink returns a link of a path.
func (w *World) NewLink(p Path) *Link { return &Link{Path: p, w: w} }

// cost is how many bytes a packet takes in a tunnel: messages of 1 KiB, with the
// garlic's overhead. A full packet takes two.
func cost(n int) float64 { return float64((n+112+999)/1000) * 1024 }

// Send lets f happen for a packet of n bytes when it has come through, which may be never or twice.
func (l *Link) Send(n int, f func()) {
	l.Sent++
	if l.Down || !l.Repairs && l.unlucky() {
		l.Lost++
		return
	}
	wait := time.Duration(0)
	if l.Rate > 0 {
		start := max(l.free, l.w.now)
		if (start-l.w.now).Seconds()*l.rate() > float64(l.Queue) {
			l.Dropped++
			return
		}
		l.free = start + time.Duration(cost(n)/l.rate()*float64(time.Second))
		wait = l.free - l.w.now
	}
	if l.Repairs {
		l.w.After(l.repaired(wait)-l.w.now, f)
		return
	}
	l.deliver(wait, f)
	if l.Duplicate > 0 && l.w.Rand.Float64() < l.Duplicate {
		l.deliver(wait, f)
	}
}

// rate is the bottleneck's, which grows by a quarter in each round trip in which something has always waited.
func (l *Link) rate() float64 {
	if !l.Learns {
		return l.Rate
	}
	round := max(2*l.Delay, 10*time.Millisecond)
	switch {
	case l.learnt == 0:
		l.learnt, l.waited = min(10*1500/round.Seconds(), l.Rate), l.w.now
	case l.free <= l.w.now:
		l.waited = l.w.now
	case l.w.now-l.waited >= round:
		l.learnt, l.waited = min(1.25*l.learnt, l.Rate), l.w.now
	}
	return l.learnt
}

func (l *Link) unlucky() bool { return l.w.Rand.Float64() < l.Loss }

// repaired returns when a packet arrives that leaves the bottleneck in some time, in order and in spite of losses.
func (l *Link) repaired(wait time.Duration) time.Duration {
	at := l.w.now + wait + l.Delay
	for losses := 1; l.unlucky(); losses++ {
		l.Lost++
		at += max(2*l.Delay, 10*time.Millisecond)
		if losses == 3 {
			at += time.Second
			l.learnt /= 2
		}
	}
	if l.Jitter > 0 {
		at += time.Duration(l.w.Rand.Int64N(int64(l.Jitter)))
	}
	l.arrives = max(l.arrives, at)
	return l.arrives
}

func (l *Link) deliver(wait time.Duration, f func()) {
	d := wait + l.Delay
	if l.Jitter > 0 {
		d += time.Duration(l.w.Rand.Int64N(int64(l.Jitter)))
	}
	if l.Reorder > 0 && l.w.Rand.Float64() < l.Reorder {
		d += l.ReorderBy
	}
	l.w.After(d, f)
}
