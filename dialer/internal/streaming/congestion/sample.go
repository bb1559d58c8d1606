package congestion

import "time"

// Stamp is what is noted with a packet when it is sent, to tell later at which
// rate packets were delivered meanwhile (draft-cheng-iccrg-delivery-rate-estimation).
type Stamp struct {
	delivered   uint64
	deliveredAt time.Duration
	firstSentAt time.Duration
	sentAt      time.Duration
	appLimited  bool
}

// sampler counts deliveries.
type sampler struct {
	delivered    uint64
	deliveredAt  time.Duration
	firstSentAt  time.Duration
	limitedUntil uint64 // deliveries up to here tell of the application's rate, not of the path's

	newest    Stamp // of what was delivered since the last sample
	some      int   // how many were
	roundEnds uint64
	sent      int // in this round
	lost      int
}

// Sent notes a packet that leaves now while inflight others are under way.
func (c *Controller) Sent(now time.Duration, inflight int) Stamp {
	s := &c.sampler
	if inflight == 0 { // until something comes back, what is measured is how much there was to send
		if now-s.deliveredAt > competingRounds*c.meanRTT {
			c.competition = competition{} // who has come can have gone since
		}
		s.firstSentAt, s.deliveredAt = now, now
		s.limitedUntil = max(s.limitedUntil, s.delivered, 1)
	}
	s.sent++
	return Stamp{s.delivered, s.deliveredAt, s.firstSentAt, now, s.limitedUntil > 0 && s.delivered <= s.limitedUntil}
}

// Delivered notes that the packet of that stamp has arrived.
func (c *Controller) Delivered(now time.Duration, stamp Stamp) {
	s := &c.sampler
	s.delivered++
	s.deliveredAt = now
	if s.some == 0 || stamp.sentAt >= s.newest.sentAt {
		s.newest = stamp
	}
	s.some++
}

// Lost notes that n packets are taken for lost.
func (c *Controller) Lost(n int) { c.sampler.lost += n }

// Starved notes that there is nothing to send, though inflight packets would leave room.
func (c *Controller) Starved(inflight int) {
	c.sampler.limitedUntil = max(c.sampler.delivered+uint64(inflight), 1)
}

// sample is the delivery rate since the newest delivered packet was sent, in packets a second.
func (s *sampler) sample(now, minRTT time.Duration) (rate float64, appLimited, ok bool) {
	if s.some == 0 {
		return 0, false, false
	}
	n := s.newest
	s.firstSentAt = n.sentAt
	interval := max(n.sentAt-n.firstSentAt, now-n.deliveredAt)
	s.some = 0
	if interval <= 0 || interval < minRTT {
		return 0, n.appLimited, false
	}
	return float64(s.delivered-n.delivered) / interval.Seconds(), n.appLimited, true
}

// round reports whether a round trip has ended with the newest delivery, and
// what was sent and lost in it.
func (s *sampler) round(newest Stamp) (ended bool, sent, lost int) {
	if newest.delivered < s.roundEnds {
		return false, 0, 0
	}
	lost = s.lost
	sent = max(s.sent, int(s.delivered-s.roundEnds)+lost) // what is lost now may have been sent when more was
	s.roundEnds, s.sent, s.lost = s.delivered, 0, 0
	return true, sent, lost
}
