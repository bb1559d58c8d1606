package congestion

import "time"

const (
	// A queue that still stands when all rates are forgotten that were measured before it is not ours.
	competingRounds = rounds + 6
	competingMost   = 2 * competingRounds
	competingProof  = 4                     // rounds, after our own queue has gone
	competingMargin = 30 * time.Millisecond // so much more than our own window and jitter make wait

	// i2pd's control grows until round trips have grown by three jitters, and yields at six.
	toleratedJitters   = 5
	toleratedQueue     = 100 * time.Millisecond
	maxToleratedJitter = 60 * time.Millisecond // more is not told from a queue of our own
	competingGrowth    = 1.05                  // each round, and a packet
	competingPace      = 1.15                  // the window is to be the limit, not the pace
	leastYield         = 0.85
)

// competition is with those who yield to no delay, or to a longer one only, as i2pd's control from 2.57 on. Beside them a window
// for the smallest round trip brings ever less, as the queue makes the rate sink, and the rate the window. So the window grows
// meanwhile until round trips are as long as i2pd would let them become, too, like in Copa's competitive mode (Arun and
// Balakrishnan, NSDI 2018), and is never less than half of what would fill the path at the rate of before.
type competition struct {
	rounds int     // with a queue that is not ours, less twice those without
	before float64 // the rate when they came; 0 if nobody has
	window float64
}

// doubt is for when our own queue has gone: the others are to show within a few rounds that theirs has not.
func (x *competition) doubt() {
	x.window, x.before = 0, 0
	x.rounds = min(x.rounds, competingRounds-competingProof)
}

// competing reports whether others keep a queue full.
func (c *Controller) competing() bool { return c.competition.rounds >= competingRounds }

// crowded reports whether more waits than what our own window and jitter make wait. On a slow path that is some packets' time,
// and it is not those who have come that make it slow.
func (c *Controller) crowded() bool {
	rate := max(c.Rate(), c.competition.before, minPace)
	own := max(c.steady(rate)+c.extra.allowance(c.product(rate)), minWindow)
	alone := max(time.Duration(own/rate*float64(time.Second)), c.minRTT+max(c.minRTT/4, c.lateness()+c.minRTT/16+queueTime))
	return c.meanRTT > alone+competingMargin
}

// compete follows the end of a round.
func (c *Controller) compete(appLimited bool) {
	c.countCrowded()
	if c.competing() {
		c.competition.window = c.contest(appLimited)
	} else {
		c.competition.window = 0
	}
}

func (c *Controller) countCrowded() {
	x := &c.competition
	switch {
	case c.phase != cruising && c.phase != climbing:
	case c.crowded():
		if x.before == 0 {
			x.before = c.Rate()
		}
		x.rounds = min(x.rounds+1, competingMost)
	default:
		if x.rounds = max(x.rounds-2, 0); x.rounds == 0 {
			x.before = 0
		}
	}
}

// contest returns the next window. One that is not used says nothing of how long round trips would become with a longer one,
// and does not grow.
func (c *Controller) contest(appLimited bool) float64 {
	x := &c.competition
	w := x.window
	if w == 0 {
		w = max(c.Rate()*c.meanRTT.Seconds(), x.before*c.minRTT.Seconds())
	}
	most := c.minRTT + toleratedJitters*min(c.jitter, maxToleratedJitter) + toleratedQueue
	switch {
	case c.meanRTT < most && !appLimited:
		w = competingGrowth*w + 1
	case c.meanRTT > most*5/4:
		w *= max(leastYield, float64(most)/float64(c.meanRTT))
	}
	return min(max(w, x.before*c.minRTT.Seconds()/2, minWindow), c.max)
}
