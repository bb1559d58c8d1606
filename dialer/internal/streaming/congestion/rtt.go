package congestion

import "time"

// trackRTT keeps the smallest round trip. One that is old is only believed anew
// after a time with half of the path filled: what stands in queues would be taken
// for the path otherwise, and make the window, and with it the queue, grow.
func (c *Controller) trackRTT(now, rtt time.Duration, inflight int) {
	if rtt <= 0 {
		return
	}
	if now-c.jitterAt >= min(c.minRTT/8, bunch) { // those of one bunch are the same
		if c.lastRTT > 0 {
			c.jitter += ((rtt - c.steadyRTT).Abs() - c.jitter) / 32
		}
		c.steadyRTT, c.jitterAt = rtt, now
	}
	c.lastRTT = rtt
	if c.minRTT == 0 || rtt <= c.minRTT {
		c.minRTT, c.minRTTAt = rtt, now
		return
	}
	switch {
	case now-c.minRTTAt <= minRTTLife:
	case c.phase == lookingForRTT && inflight > c.Window():
		c.since = now // what is under way is still too much
	case c.phase == lookingForRTT:
		if now-c.since >= c.minRTT { // the queue has had a round trip to drain
			c.minRTT, c.minRTTAt = rtt, now
		}
	case c.phase == cruising:
		if float64(inflight) <= c.product(c.Rate())/2 {
			c.minRTT, c.minRTTAt = rtt, now // little is under way anyhow
			return
		}
		c.enter(now, lookingForRTT)
	}
}

// sampleRound takes a round trip into account for this round. While the smallest is looked for, what has left before our own
// queue had gone does not tell what is left of it.
func (c *Controller) sampleRound(now, rtt time.Duration) {
	if rtt <= 0 || c.phase == lookingForRTT && now-rtt < c.since {
		return
	}
	if c.roundRTT == 0 || rtt < c.roundRTT {
		c.roundRTT = rtt
	}
	c.roundSum += rtt
	c.roundSamples++
}

// thisMean is the mean round trip of this round so far; 0 if there was none.
func (c *Controller) thisMean() time.Duration {
	return c.roundSum / time.Duration(max(c.roundSamples, 1))
}

// MinRTT is the smallest round trip of the last half minute; 0 is unknown.
func (c *Controller) MinRTT() time.Duration { return c.minRTT }

// extraAcked measures how far acknowledgements run ahead of the rate when they come in bunches.
type extraAcked struct {
	since    time.Duration
	acked    float64
	most     [2]float64 // of the current five rounds or so, and of those before
	roundsIn int
}

func (x *extraAcked) add(now time.Duration, acked int, rate float64) {
	expected := rate * (now - x.since).Seconds()
	if x.acked <= expected { // a bunch ends where the rate has caught up
		x.since, x.acked, expected = now, 0, 0
	}
	x.acked += float64(acked)
	x.most[0] = max(x.most[0], x.acked-expected)
}

func (x *extraAcked) endRound() {
	if x.roundsIn++; x.roundsIn == rounds/2 {
		x.roundsIn = 0
		x.most[1], x.most[0] = x.most[0], 0
	}
}

// allowance is for paths that hold few packets: long ones have room for bunches in their window.
func (x *extraAcked) allowance(product float64) float64 {
	return min(max(x.most[0], x.most[1]), max(6-product/8, 0))
}
