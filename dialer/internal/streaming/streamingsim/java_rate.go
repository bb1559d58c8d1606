package streamingsim

import "time"

// javaRate is the SimpleBandwidthEstimator, in packets a millisecond.
type javaRate struct {
	filtered, samples float64
	at                time.Duration
	acked             int // since then; -1 before the first
}

func (r *javaRate) estimate(now, rtt time.Duration) float64 {
	if r.acked >= 0 && now-r.at >= max(rtt, 500*time.Millisecond) {
		r.compute(now, rtt)
	}
	return r.filtered
}

func (r *javaRate) sample(now time.Duration, acked int, rtt time.Duration) {
	if r.acked < 0 {
		s := float64(acked) / float64(max(now-r.at, 500*time.Millisecond).Milliseconds())
		*r = javaRate{filtered: s, samples: s, at: now}
		return
	}
	r.acked += acked
	r.estimate(now, rtt)
}

func (r *javaRate) compute(now, rtt time.Duration) {
	rtt = max(rtt, 500*time.Millisecond)
	d := now - r.at
	if d > 2*rtt {
		n := min(int(d/rtt)-1, 16)
		for range n {
			r.decay()
		}
		d -= time.Duration(n) * rtt
	}
	if r.acked > 0 {
		r.samples = (7*r.samples + float64(r.acked)/float64(d.Milliseconds())) / 8
		r.filtered = (7*r.filtered + r.samples) / 8
	} else {
		r.decay()
	}
	r.at, r.acked = now, 0
}

func (r *javaRate) decay() {
	r.samples *= 7.0 / 8
	r.filtered = (7*r.filtered + r.samples) / 8
}
