package streaming

import "time"

const (
	firstRTO = 9 * time.Second // as all implementations: below the round trip it costs most of the rate
	minRTO   = time.Second
	maxRTO   = 45 * time.Second

	// ackDelay is the longest that peers let an acknowledgement wait that was asked for at once.
	ackDelay = 150 * time.Millisecond
)

// rtt is the smoothed round trip to a peer: RFC 6298, with more room for the
// delay of acknowledgements.
type rtt struct {
	smoothed time.Duration // 0 is unknown
	variance time.Duration
	guessed  bool // from a SYN, whose answer may have waited for a lease set or a program
}

// guess takes a first sample for want of a better one.
func (r *rtt) guess(sample time.Duration) {
	if r.smoothed == 0 {
		r.smoothed, r.variance, r.guessed = sample, sample/2, true
	}
}

func (r *rtt) add(sample time.Duration) {
	if r.smoothed == 0 || r.guessed {
		*r = rtt{smoothed: sample, variance: sample / 2}
		return
	}
	r.variance += ((r.smoothed - sample).Abs() - r.variance) / 4
	r.smoothed += (sample - r.smoothed) / 8
}

func (r *rtt) timeout() time.Duration {
	if r.smoothed == 0 {
		return firstRTO
	}
	rto := r.smoothed + max(4*r.variance, r.smoothed/4) + 200*time.Millisecond
	return min(max(rto, minRTO), maxRTO)
}

// probe is when a tail that nothing follows is sent again: RFC 8985, section 7.
func (r *rtt) probe() time.Duration { return 2*r.smoothed + ackDelay }
