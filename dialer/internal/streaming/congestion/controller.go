package congestion

import "time"

const (
	initialWindow = 10 // packets, as i2pd and RFC 6928
	minWindow     = 4
	rounds        = 8 // over which the largest rate is taken
	longRound     = 3 // smallest round trips, at most, or what a queue makes of a round would keep a rate that is no more
	minRTTLife    = 30 * time.Second

	startGain = 2.77 // doubles the rate each round trip
	drainGain = 0.36
	// so many round trips, all longer by so much, are a queue and no jitter
	startSamples = 8
	startDelay   = 20 * time.Millisecond

	// What is under way beyond what the path holds, in parts of that and in time. With more, i2pd's
	// control, which yields to delay, would be left with little beside it; with less, we would.
	windowGain = 1.06
	queueTime  = 6 * time.Millisecond
	probeGain  = 1.15
	yieldGain  = 0.85
	climbGain  = 1.5

	ackWait   = 15 * time.Millisecond
	bunch     = 5 * time.Millisecond   // what is acknowledged within that is as late by the same cause
	maxJitter = 150 * time.Millisecond // what is taken into account of it, or half of the round trip if that is longer

	minPace = 4 // packets a second: what is known may be of a bad moment

	lossLimit = 0.15 // of a round, above which the path is taken to be full
	lossYield = 0.8
	noLimit   = 1e9
)

// phases of the pace, one round trip each, once the rate is known. What a probe makes wait stays for a round trip, as the
// connection of two routers finds more room only meanwhile.
var paces = [8]float64{probeGain, 1, yieldGain, 1, 1, 1, 1, 1}

type phase uint8

const (
	starting phase = iota
	draining
	cruising
	lookingForRTT
	climbing
)

// Controller is one control block. The zero value is ready, with a maximum of 0:
// set it with SetMax.
type Controller struct {
	sampler sampler

	max       float64
	limit     float64 // of what is under way, after much loss; 0 is none
	rates     [rounds]float64
	rotatedAt time.Duration
	fullRate  float64
	phase     phase
	pace      uint8         // of paces, while cruising
	round     uint8         // of rates
	timedOut  bool          // that is what has set the limit
	several   bool          // streams
	fullFor   uint8         // rounds since the rate has grown, while starting or climbing
	since     time.Duration // the phase, or the pace while cruising

	minRTT              time.Duration
	jitter              time.Duration // the mean difference of one round trip and the next
	minRTTAt            time.Duration
	steadyRTT, jitterAt time.Duration
	extra               extraAcked

	lastRTT      time.Duration
	roundRTT     time.Duration // the smallest of this round
	roundSamples int
	roundSum     time.Duration    // of the round trips of this round
	meanRTT      time.Duration    // of some four rounds
	roundRTTs    [2]time.Duration // those of the last two
	spare        float64          // see room
	competition  competition
}

// SetMax sets how many packets may be under way at most.
func (c *Controller) SetMax(n int) { c.max = float64(n) }

// SetStreams sets how many streams there are. Several bear more jitter than one, which shares a path with others evenly.
func (c *Controller) SetStreams(n int) { c.several = n > 1 }

// Rate is the bottleneck's, in packets a second, as far as is known; 0 is unknown.
func (c *Controller) Rate() float64 {
	m := 0.0
	for _, r := range c.rates {
		m = max(m, r)
	}
	return m
}

// product is how many packets fill the path at that rate.
func (c *Controller) product(rate float64) float64 {
	return rate * (c.minRTT + c.lateness()).Seconds()
}

// lateness is by how much a path takes longer than it takes at its best: by its jitter, which shows between one round trip
// and the next, unlike a queue, and by what peers let acknowledgements wait.
func (c *Controller) lateness() time.Duration {
	return min(max(3*c.jitter, min(c.minRTT/8, ackWait)), max(c.minRTT/2, maxJitter))
}

// steady is how many packets may be under way while nothing is looked for.
func (c *Controller) steady(rate float64) float64 {
	return windowGain*c.product(rate) + rate*queueTime.Seconds() + 1
}

// Window is how many packets may be under way.
func (c *Controller) Window() int {
	rate := c.Rate()
	if rate == 0 {
		return int(min(initialWindow, max(c.max, 1)))
	}
	full := c.product(rate)
	w := c.steady(rate)
	switch c.phase {
	case starting, draining:
		w = max(startGain*full+3, initialWindow)
	case lookingForRTT:
		w = full / 2
	case climbing:
		w *= max(climbGain, c.room())
	case cruising:
		w = max(w*c.room(), c.competition.window)
	}
	w += c.extra.allowance(full)
	if c.limit > 0 {
		w = min(w, c.limit)
	}
	return int(min(max(w, minWindow), c.max))
}

// Pace is at how many packets a second to send; 0 is without a limit.
func (c *Controller) Pace() float64 {
	rate := c.Rate()
	switch c.phase {
	case starting: // what little was sent so far may have told little
		rate *= startGain
		if rate > 0 && c.minRTT > 0 {
			rate = max(rate, initialWindow/c.minRTT.Seconds())
		}
	case draining:
		rate *= drainGain
	case climbing:
		rate *= climbGain
	case cruising:
		rate *= paces[c.pace]
		if c.competing() {
			rate = max(rate, competingPace*c.competition.window/c.meanRTT.Seconds())
		}
	}
	if rate > 0 {
		rate = max(rate, minPace)
	}
	return rate
}

// Acked takes in what [Controller.Delivered] and [Controller.Lost] have noted. rtt
// is the round trip of what was acknowledged, 0 when it cannot be told; inflight is what is left under way.
func (c *Controller) Acked(now, rtt time.Duration, inflight int) {
	acked := c.sampler.some
	newest := c.sampler.newest
	c.trackRTT(now, rtt, inflight)
	rate, appLimited, ok := c.sampler.sample(now, c.minRTT)
	if acked > 0 {
		if ended, sent, lost := c.sampler.round(newest); ended {
			c.endRound(now, sent, lost, inflight+acked, appLimited)
		}
		c.extra.add(now, acked, c.Rate())
	}
	if ok && !appLimited && c.minRTT > 0 && now-c.rotatedAt > longRound*c.minRTT {
		c.rotate(now)
	}
	if ok && (!appLimited || rate > c.Rate()) {
		c.rates[c.round] = max(c.rates[c.round], rate)
	}
	c.sampleRound(now, rtt)
	c.leaveStart(now)
	c.advance(now, inflight)
}

// rotate forgets the oldest rate.
func (c *Controller) rotate(now time.Duration) {
	c.rotatedAt = now
	c.round = (c.round + 1) % rounds
	c.rates[c.round] = 0
}

// leaveStart ends the start as soon as a queue grows and the rate does not, before it overflows: HyStart++ (RFC 9406). A queue
// alone is no reason: the connections between routers find more room only while something waits for them.
func (c *Controller) leaveStart(now time.Duration) {
	if c.phase == starting && c.roundSamples >= startSamples && c.fullFor > 0 && c.roundRTT > c.minRTT+max(c.minRTT/4, startDelay) {
		c.enter(now, draining)
	}
}
