package congestion

import "time"

const (
	// A queue that still stands when all rates are forgotten that were measured before it is not ours.
	competingRounds = rounds + 6
	competingMost   = 2 * competingRounds
	competingProof  = 4                     // rounds, after our own queue has gone
	competingMargin = 30 * time.Millisecond // so much more than our own window and jitter make wait
	sunk            = 0.6                   // of the best rate: with less, half of the margin will do
	ourQueue        = 0.7                   // of the mean round trip, at half of a window: it was our own queue
	bestKept        = 0.7                   // of the best rate, where it was not

	// i2pd's control grows until round trips have grown by three jitters, and yields at six. It begins with a jitter of a
	// fifth of the round trip.
	toleratedJitters   = 5
	maxToleratedJitter = 85 * time.Millisecond // more is not told from a queue of our own
	toleratedQueue     = 20 * time.Millisecond // and half of the round trip
	maxToleratedQueue  = 150 * time.Millisecond
	fairPart           = 0.5  // of the best rate, to begin with
	competingGrowth    = 1.05 // each round, and a packet
	competingPace      = 1.15 // the window is to be the limit, not the pace
	leastYield         = 0.85
)

// competition is with those who yield to no delay, or to a longer one only, as i2pd's control from 2.57 on. Beside them a window
// for the smallest round trip brings ever less, as the queue makes the rate sink, and the rate the window. So the window grows
// meanwhile until round trips are as long as i2pd would let them become, too, like in Copa's competitive mode (Arun and
// Balakrishnan, NSDI 2018), and is never less than half of what would fill the path at the best rate of late.
type competition struct {
	rounds int     // with a queue that is not ours, long ones more than once, less twice those without
	best   float64 // the largest rate of late
	window float64
}

// doubt is for when our own queue has gone: the others are to show within a few rounds that theirs has not. If most of what
// waited has gone with it, there are none, and if nobody was seen, nobody has made the rate sink.
func (c *Controller) doubt() {
	x := &c.competition
	mean := c.thisMean()
	ours := mean > 0 && float64(mean) < ourQueue*float64(c.meanRTT)
	if ours {
		c.meanRTT = mean
	}
	if ours || x.rounds == 0 {
		*x = competition{}
		return
	}
	x.window = 0
	x.best = max(bestKept*x.best, c.Rate())
	x.rounds = min(x.rounds, competingRounds-competingProof)
}

// competing reports whether others keep a queue full.
func (c *Controller) competing() bool { return c.competition.rounds >= competingRounds }

// crowded reports whether more waits than what our own window and jitter make wait. On a slow path that is some packets' time,
// and it is not those who have come that make it slow.
func (c *Controller) crowded() bool {
	rate := max(c.competition.best, minPace)
	own := max(c.steady(rate)+c.extra.allowance(c.product(rate)), minWindow)
	alone := max(time.Duration(own/rate*float64(time.Second)), c.minRTT+max(c.minRTT/4, c.lateness()+c.minRTT/16+queueTime))
	margin := max(competingMargin, alone/10)
	if c.Rate() < sunk*rate {
		margin /= 2
	}
	return c.meanRTT > alone+margin
}

// compete follows the end of a round.
func (c *Controller) compete(appLimited bool) {
	c.competition.best = max(c.competition.best, c.Rate())
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
		// rates are forgotten after so many of the longest rounds that count for them
		x.rounds = min(x.rounds+max(int(c.meanRTT/max(longRound*c.minRTT, 1)), 1), competingMost)
	default:
		x.rounds = max(x.rounds-2, 0)
	}
}

// contest returns the next window. One that is not used says nothing of how long round trips would become with a longer one,
// and does not grow.
func (c *Controller) contest(appLimited bool) float64 {
	x := &c.competition
	most := c.minRTT + toleratedJitters*min(c.jitter, maxToleratedJitter) + min(toleratedQueue+c.minRTT/2, maxToleratedQueue)
	fair := fairPart * x.best
	w := x.window
	if w == 0 {
		w = max(c.Rate()*c.meanRTT.Seconds(), fair*max(2*c.minRTT, min(c.meanRTT, most)).Seconds())
	}
	switch {
	case c.meanRTT < most && !appLimited:
		w = competingGrowth*w + 1
	case c.meanRTT > most*5/4:
		w *= max(leastYield, float64(most)/float64(c.meanRTT))
	}
	return min(max(w, fair*c.minRTT.Seconds(), minWindow), c.max)
}
