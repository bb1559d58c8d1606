package congestion

import "time"

const (
	// A queue that still stands when all rates are forgotten that were measured before it is not ours.
	competingRounds = rounds + 6
	competingMost   = 2 * competingRounds
	competingMargin = 30 * time.Millisecond // more than other streams of ours leave standing

	// i2pd's control grows until round trips have grown by three jitters, and yields at six.
	toleratedJitters = 5
	toleratedQueue   = 60 * time.Millisecond
	competingGrowth  = 1.05 // each round, and a packet
	competingPace    = 1.15 // the window is to be the limit, not the pace
	leastYield       = 0.85
)

// competition is with those who yield to no delay, or to a longer one only, as i2pd's control from 2.57 on. Beside them a window
// for the smallest round trip brings ever less, as the queue makes the rate sink, and the rate the window. So the window grows
// meanwhile until round trips are as long as i2pd would let them become, too, like in Copa's competitive mode (Arun and
// Balakrishnan, NSDI 2018), and is never less than half of what would fill the path at the rate of before.
type competition struct {
	sum     time.Duration // of this round's round trips
	meanRTT time.Duration // of some four rounds
	rounds  int           // with a queue that is not ours, less twice those without
	before  float64       // the rate when they came
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

// competing reports whether others keep a queue full.
func (c *Controller) competing() bool { return c.competition.rounds >= competingRounds }

// crowded reports whether more waits than what our own window and jitter make wait.
func (c *Controller) crowded() bool {
	ours := c.lateness() + c.minRTT/16 + queueTime
	return c.minRTT > 0 && c.competition.meanRTT > c.minRTT+max(c.minRTT/4, ours)+competingMargin
}

// compete follows the end of a round.
func (c *Controller) compete() {
	x := &c.competition
	x.endRound(c.roundSamples)
	switch {
	case c.phase == starting || c.phase == draining:
	case c.phase == lookingForRTT:
		if c.roundRTT > 0 && c.roundRTT < c.minRTT+c.minRTT/4+bunch {
			x.rounds = 0 // with half of the window nothing waits: what did was ours
		}
	case c.crowded():
		if x.rounds == 0 {
			x.before = c.Rate()
		}
		x.rounds = min(x.rounds+1, competingMost)
	default:
		x.rounds = max(x.rounds-2, 0)
	}
	if !c.competing() {
		x.window = 0
		return
	}
	if x.window == 0 {
		x.window = max(c.Rate()*x.meanRTT.Seconds(), x.before*c.minRTT.Seconds())
	}
	most := c.minRTT + toleratedJitters*c.jitter + toleratedQueue
	switch {
	case x.meanRTT < most:
		x.window = competingGrowth*x.window + 1
	case x.meanRTT > most*5/4:
		x.window *= max(leastYield, float64(most)/float64(x.meanRTT))
	}
	x.window = min(max(x.window, x.before*c.minRTT.Seconds()/2, minWindow), c.max)
}

// pace is how fast packets leave, so that the window is the limit.
func (x *competition) pace() float64 { return competingPace * x.window / x.meanRTT.Seconds() }
