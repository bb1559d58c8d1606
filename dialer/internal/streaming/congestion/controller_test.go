package congestion

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// path is a bottleneck with a long queue, and a sender that has always something to send.
type path struct {
	c        Controller
	now      time.Duration
	rtt      time.Duration
	rate     float64       // packets a second
	loseEach int           // of so many packets one is lost
	late     time.Duration // how much later every hundredth is, and all behind it are no earlier
	jitter   time.Duration // how much later some are by chance
	others   int           // packets that others have under way, whatever happens
	theirs   []time.Duration
	dice     *rand.Rand
	free     time.Duration
	pace     time.Duration
	flight   []flying
	sent     int
	acked    int
	last     time.Duration // when the last that was sent arrives
	longest  time.Duration // round trip since the last look
}

type flying struct {
	stamp      Stamp
	at, acksAt time.Duration
	lost       bool
}

func newPath(rtt time.Duration, rate float64) *path {
	p := &path{rtt: rtt, rate: rate, dice: rand.New(rand.NewPCG(1, 2))}
	p.c.SetMax(512)
	return p
}

func (p *path) run(d time.Duration) {
	for end := p.now + d; p.now < end; {
		for len(p.flight) < p.c.Window() && p.pace <= p.now {
			p.send()
		}
		p.wait(500 * time.Microsecond)
	}
}

// wait lets time pass in which we send nothing.
func (p *path) wait(d time.Duration) {
	for end := p.now + d; p.now < end; {
		p.now += 500 * time.Microsecond
		p.ack()
		for len(p.theirs) > 0 && p.theirs[0] <= p.now {
			p.theirs = p.theirs[1:]
		}
		for len(p.theirs) < p.others {
			p.theirs = append(p.theirs, p.carry())
		}
	}
}

// carry returns when a packet arrives that is sent now.
func (p *path) carry() time.Duration {
	p.free = max(p.free, p.now) + time.Duration(float64(time.Second)/p.rate)
	return p.free + p.rtt
}

func (p *path) send() {
	p.sent++
	at := p.carry()
	if p.late > 0 && p.sent%100 == 0 {
		at += p.late
	}
	p.last = max(p.last, at)
	at = p.last
	if p.jitter > 0 {
		at += time.Duration(p.dice.Int64N(int64(p.jitter)))
	}
	f := flying{p.c.Sent(p.now, len(p.flight)), p.now, at, p.loseEach > 0 && p.sent%p.loseEach == 0}
	i := len(p.flight)
	for ; i > 0 && p.flight[i-1].acksAt > at; i-- {
	}
	p.flight = slices.Insert(p.flight, i, f)
	if rate := p.c.Pace(); rate > 0 {
		p.pace = max(p.pace, p.now-4*time.Millisecond) + time.Duration(float64(time.Second)/rate)
	}
}

func (p *path) ack() {
	var trip time.Duration
	n := 0
	for len(p.flight) > 0 && p.flight[0].acksAt <= p.now {
		f := p.flight[0]
		p.flight = p.flight[1:]
		if f.lost {
			p.c.Lost(1)
			continue
		}
		n++
		p.acked++
		p.c.Delivered(p.now, f.stamp)
		trip = p.now - f.at
	}
	if n > 0 {
		p.longest = max(p.longest, trip)
		p.c.Acked(p.now, trip, len(p.flight))
	}
}

func TestStartsWithTenPackets(t *testing.T) {
	var c Controller
	c.SetMax(512)
	assert.Equal(t, 10, c.Window())
	assert.Zero(t, c.Pace())
	c.SetMax(3)
	assert.Equal(t, 3, c.Window())
}

// The rate is found soon, and kept with a short queue.
func TestFillsThePath(t *testing.T) {
	for _, rtt := range []time.Duration{10, 100, 500} {
		p := newPath(rtt*time.Millisecond, 300)
		p.run(15 * p.rtt)
		p.acked, p.longest = 0, 0
		p.run(20 * time.Second)
		assert.Greater(t, float64(p.acked), 0.95*300*20, "%v", p.rtt)
		assert.Less(t, p.longest, p.rtt*14/10+60*time.Millisecond, "%v", p.rtt)
		assert.InEpsilon(t, 300, p.c.Rate(), 0.1)
	}
}

// A loss says nothing about the rate, unless there are many.
func TestLoss(t *testing.T) {
	p := newPath(200*time.Millisecond, 300)
	p.loseEach = 20
	p.run(30 * time.Second)
	assert.Greater(t, float64(p.acked), 0.85*0.95*300*30)

	p = newPath(200*time.Millisecond, 300)
	p.run(10 * time.Second)
	full := p.c.Window()
	p.loseEach = 3
	p.run(2 * time.Second)
	assert.Less(t, p.c.Window(), full*2/3)
	p.loseEach = 0
	p.run(20 * time.Second)
	assert.InDelta(t, full, p.c.Window(), float64(full)/4, "it is forgiven")
}

// A standing queue, such as others make, is not taken for the path in the end.
func TestSmallestRoundTripIsLookedForAgain(t *testing.T) {
	p := newPath(100*time.Millisecond, 300)
	p.run(2 * time.Minute)
	assert.Less(t, p.c.MinRTT(), 115*time.Millisecond)
	p.rtt = 300 * time.Millisecond // another tunnel
	p.run(90 * time.Second)
	assert.InDelta(t, 300, p.c.MinRTT().Milliseconds(), 30)
	p.acked = 0
	p.run(20 * time.Second)
	assert.Greater(t, float64(p.acked), 0.9*300*20)
}

// A path that becomes faster is used, and one that becomes slower is not flooded.
func TestFollowsTheRate(t *testing.T) {
	p := newPath(100*time.Millisecond, 100)
	p.run(20 * time.Second)
	p.rate = 1000
	p.run(20 * time.Second)
	p.acked = 0
	p.run(10 * time.Second)
	assert.Greater(t, float64(p.acked), 0.9*1000*10)
	p.rate = 100
	p.run(10 * time.Second)
	p.longest = 0
	p.run(10 * time.Second)
	assert.Less(t, p.longest, 500*time.Millisecond)
}

// Who has little to send does not lose what is known of the path.
func TestStarved(t *testing.T) {
	p := newPath(100*time.Millisecond, 300)
	p.run(10 * time.Second)
	rate := p.c.Rate()
	for range 100 { // a packet each second
		p.now += time.Second
		p.ack()
		p.c.Starved(len(p.flight))
		p.send()
	}
	assert.InEpsilon(t, rate, p.c.Rate(), 0.01)
}

// The first packet after a pause tells of nothing either, even if the last stream was ended in full flight.
func TestStarvedByAReset(t *testing.T) {
	p := newPath(100*time.Millisecond, 300)
	p.run(10 * time.Second)
	rate := p.c.Rate()
	p.flight = nil
	for range 20 {
		p.now += time.Second
		p.send()
		p.now += time.Second
		p.ack()
	}
	assert.InEpsilon(t, rate, p.c.Rate(), 0.01)
}

// When the rate falls while the smallest round trip is looked for, the queue is not taken for the path.
func TestSmallestRoundTripIsNotThatOfAQueue(t *testing.T) {
	p := newPath(100*time.Millisecond, 100)
	p.run(20 * time.Second)
	p.rate = 1000
	p.run(30 * time.Second)
	p.rate = 100
	p.run(25 * time.Second)
	assert.Less(t, p.c.MinRTT(), 200*time.Millisecond)
	p.longest = 0
	p.run(10 * time.Second)
	assert.Less(t, p.longest, 500*time.Millisecond)
}

// A rate that was measured in a bad moment is left in a few round trips though round trips differ much.
func TestClimbs(t *testing.T) {
	p := newPath(100*time.Millisecond, 50)
	p.run(20 * time.Second)
	p.rate, p.late = 1000, 80*time.Millisecond
	p.run(2500 * time.Millisecond)
	p.acked = 0
	p.run(time.Second)
	assert.Greater(t, p.acked, 400)
}

func TestTimedOut(t *testing.T) {
	var c Controller
	c.SetMax(512)
	c.TimedOut()
	assert.Equal(t, 10, c.Window(), "nothing is known yet")
	p := newPath(100*time.Millisecond, 300)
	p.run(10 * time.Second)
	before := p.c.Window()
	for range 30 {
		p.c.TimedOut()
	}
	assert.Equal(t, minWindow, p.c.Window())
	p.run(30 * time.Second)
	require.InDelta(t, before, p.c.Window(), float64(before)/4)
}

// What comes late leaves several streams more than one.
func TestSeveralStreamsHaveMoreRoom(t *testing.T) {
	var acked [2]int
	for i := range acked {
		p := newPath(100*time.Millisecond, 1000)
		p.late = 150 * time.Millisecond
		p.c.SetStreams(1 + i)
		p.run(20 * time.Second)
		acked[i] = p.acked
	}
	assert.Greater(t, float64(acked[1]), 1.2*float64(acked[0]))
}
