package i2pnet

import (
	"math/rand/v2"
	"time"
)

// Link is what the way from one router to another is like, in one direction. The zero value loses
// nothing and takes no time.
type Link struct {
	// Delay is how long each packet takes, and Jitter up to how much more. Packets stay in order.
	Delay, Jitter time.Duration
	// Loss is the share of packets that are lost, from 0 to 1.
	Loss float64
	// Rate is how many bytes of IP packets pass in a second; 0 is any number.
	Rate int
	// Queue is how many bytes can wait for their turn where there is a Rate; what exceeds them is
	// lost. 0 is as many as pass in 100 ms, and at least 32 KiB.
	Queue int
}

const minQueue = 32 << 10

func (l Link) queue() int {
	if l.Queue > 0 {
		return l.Queue
	}
	return max(l.Rate/10, minQueue)
}

// Traffic counts what came to a link, and what of it was lost.
type Traffic struct {
	Packets, Bytes int
	Lost           int // packets, by chance
	Overflow       int // packets, for which the queue had no room
}

// line is a link in use. The n-th packet of a line has the same luck whenever it comes.
type line struct {
	Link
	traffic Traffic
	dice    *rand.Rand
	busy    time.Time // until when packets that came before occupy the line
	last    time.Time // when the packet before arrives
}

func newLine(l Link, seed uint64, from, to int) *line {
	return &line{Link: l, dice: rand.New(rand.NewPCG(seed, uint64(from)<<32|uint64(to)))}
}

// carry says when a packet that comes now arrives, if it does.
func (l *line) carry(now time.Time, size int) (due time.Time, ok bool) {
	luck, late := l.dice.Float64(), l.dice.Float64()
	l.traffic.Packets++
	l.traffic.Bytes += size
	if luck < l.Loss {
		l.traffic.Lost++
		return due, false
	}
	due = now
	if l.Rate > 0 {
		if l.busy.Before(now) {
			l.busy = now
		}
		waiting := l.busy.Sub(now).Seconds() * float64(l.Rate)
		if int(waiting)+size > l.queue() {
			l.traffic.Overflow++
			return due, false
		}
		l.busy = l.busy.Add(time.Duration(float64(size) / float64(l.Rate) * float64(time.Second)))
		due = l.busy
	}
	due = due.Add(l.Delay + time.Duration(late*float64(l.Jitter)))
	if due.Before(l.last) {
		due = l.last
	}
	l.last = due
	return due, true
}
