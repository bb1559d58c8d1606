package congestion

import "time"

func (c *Controller) endRound(now time.Duration, sent, lost, inflight int, appLimited bool) {
	switch {
	case lost > 2 && float64(lost) > lossLimit*float64(sent):
		c.yield(float64(inflight))
		c.timedOut = false
		if c.phase == starting || c.phase == climbing {
			c.enter(now, draining)
		}
	case c.limit > 0:
		if c.limit = c.limit*1.1 + 2; c.limit > c.max {
			c.limit = 0
		}
	}
	c.extra.endRound()
	if c.roundSamples > 0 {
		c.roundRTTs[1], c.roundRTTs[0] = c.roundRTTs[0], c.roundRTT
		mean := c.thisMean()
		if c.meanRTT == 0 {
			c.meanRTT = mean
		}
		c.meanRTT += (mean - c.meanRTT) / 4
	}
	c.roundRTT, c.roundSamples, c.roundSum = 0, 0, 0
	c.compete(appLimited)
	if appLimited {
		if c.phase == climbing {
			c.cruise(now, 1)
		}
		return // a rate is not forgotten while there is nothing to measure it with
	}
	c.rotate(now)
	c.adaptRoom()
	switch c.phase {
	case cruising, climbing:
		c.climb(now)
	case starting:
		c.keepStarting(now)
	}
}

// keepStarting ends the start when three rounds have not brought a quarter more.
func (c *Controller) keepStarting(now time.Duration) {
	if rate := c.Rate(); rate > 1.25*c.fullRate {
		c.fullRate, c.fullFor = rate, 0
	} else if c.fullFor++; c.fullFor >= 3 {
		c.enter(now, draining)
	}
}

// advance changes the phase when its time is over.
func (c *Controller) advance(now time.Duration, inflight int) {
	full := c.product(c.Rate())
	switch c.phase {
	case draining:
		if float64(inflight) <= full {
			c.fullRate = c.Rate()
			c.cruise(now, 2)
		}
	case cruising:
		if now-c.since <= c.minRTT {
			return
		}
		// More is only found when what is under way has grown, too.
		if c.pace == 0 && float64(inflight) < 1.2*full && now-c.since < 2*c.minRTT {
			return
		}
		c.cruise(now, (c.pace+1)%uint8(len(paces)))
	case lookingForRTT:
		if now-c.since > max(2*c.minRTT, 200*time.Millisecond) {
			c.doubt()
			c.cruise(now, 2)
		}
	}
}

func (c *Controller) enter(now time.Duration, p phase) { c.phase, c.since = p, now }

func (c *Controller) cruise(now time.Duration, pace uint8) {
	c.enter(now, cruising)
	c.pace = pace
	if pace == 0 {
		c.fullRate = c.Rate()
	}
}

// TimedOut notes that nothing has been acknowledged for a retransmission time-out.
func (c *Controller) TimedOut() {
	if c.Rate() > 0 {
		c.yield(max(2*c.product(c.Rate()), initialWindow))
		c.timedOut = true
	}
}

// Spurious notes that something that was sent again had arrived before. Was it a time-out, then it was no more than a delay
// (the Eifel algorithm, RFC 4015).
func (c *Controller) Spurious() {
	if c.timedOut {
		c.limit, c.timedOut = 0, false
	}
}

// yield limits what is under way to less than inflight, or than the path holds if that
// is more: much of what was under way may be lost by now.
func (c *Controller) yield(inflight float64) {
	inflight = max(inflight, c.product(c.Rate()))
	if c.limit > 0 {
		inflight = min(inflight, c.limit)
	}
	c.limit = max(lossYield*inflight, minWindow)
}
