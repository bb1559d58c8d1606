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
	sum     time.Duration // of this round's round trips
	meanRTT time.Duration // of some four rounds
	rounds  int           // with a queue that is not ours, less twice those without
	before  float64       // the rate when they came; 0 if nobody has
	window  float64
}

func (x *competition) endRound(samples int) {
	if samples == 0 {
		return
	}
	mean := x.sum / time.Duration(samples)
	x.sum = 0
	if x.meanRTT == 0 {
		x.meanRTT = mean
	}
	x.meanRTT += (mean - x.meanRTT) / 4
}

// over forgets the others.
func (x *competition) over() { *x = competition{sum: x.sum, meanRTT: x.meanRTT} }

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
	full := c.product(rate)
	own := max(windowGain*full+1+c.extra.allowance(full), minWindow)
	alone := max(queueTime+time.Duration(own/rate*float64(time.Second)), c.minRTT+max(c.minRTT/4, c.lateness()+c.minRTT/16+queueTime))
	return c.competition.meanRTT > alone+competingMargin
}

// compete follows the end of a round. A window that is not used says nothing of how long round trips would become with a longer
// one, and does not grow.
func (c *Controller) compete(appLimited bool) {
	x := &c.competition
	x.endRound(c.roundSamples)
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
	if !c.competing() {
		x.window = 0
		return
	}
	if x.window == 0 {
		x.window = max(c.Rate()*x.meanRTT.Seconds(), x.before*c.minRTT.Seconds())
	}
	most := c.minRTT + toleratedJitters*min(c.jitter, maxToleratedJitter) + toleratedQueue
	switch {
	case x.meanRTT < most && !appLimited:
		x.window = competingGrowth*x.window + 1
	case x.meanRTT > most*5/4:
		x.window *= max(leastYield, float64(most)/float64(x.meanRTT))
	}
	x.window = min(max(x.window, x.before*c.minRTT.Seconds()/2, minWindow), c.max)
}

// pace is how fast packets leave, so that the window is the limit.
func (x *competition) pace() float64 { return competingPace * x.window / x.meanRTT.Seconds() }
