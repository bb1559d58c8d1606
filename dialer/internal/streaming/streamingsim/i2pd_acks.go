package streamingsim

import (
	"math"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

func (s *i2pdSender) receive(now time.Duration, p *packet.Packet) {
	sample, acked, fresh := s.takeAck(now, p)
	if s.lastAck > 0 {
		s.ackInterval = (s.ackInterval + ms(now-s.lastAck)) / 2
	}
	s.lastAck = now
	if !math.IsInf(sample, 1) {
		s.measured(sample, fresh)
	}
	if s.dropped && p.AckThrough > s.dropUntil {
		s.firstRTT, s.dropped = true, false
	}
	if s.target > 0 && float64(len(s.queue)) <= s.target {
		s.window, s.target = s.target, 0
	}
	if acked > 0 || s.hasNacks {
		s.resendAt = now + fromMS(s.rto)
	}
	if acked > 0 {
		s.firstAck, s.timedOut, s.attempts = false, false, 0
	}
	if len(s.queue) == 0 {
		s.resendAt = never
	}
}

// takeAck returns the smallest round trip, how many were acknowledged, and how many count for growth.
func (s *i2pdSender) takeAck(now time.Duration, p *packet.Packet) (sample float64, acked, fresh int) {
	missing := make(map[uint32]bool)
	for seq := range p.Nacks.All() {
		missing[seq] = true
	}
	s.nacked, s.hasNacks = make(map[uint32]bool), false
	sample = math.Inf(1)
	var left []*i2pdPacket
	for i, x := range s.queue {
		if x.seq > p.AckThrough {
			left = append(left, s.queue[i:]...)
			break
		}
		if missing[x.seq] {
			s.nacked[x.seq], s.hasNacks = true, true
			left = append(left, x)
			continue
		}
		if !x.resent {
			sample = min(sample, ms(now-x.at))
		}
		acked++
		*s.underWay--
		if s.increase < int(i2pdMaxWindow) && !s.firstAck && !s.dropped {
			fresh++
		}
	}
	s.queue = left
	return sample, acked, fresh
}

func (s *i2pdSender) measured(sample float64, fresh int) {
	if s.firstRTT && !s.firstAck {
		s.setRTT(sample)
		s.jitter = sample/5 + 3
		s.jitterSum, s.jitterCount = s.jitter, 1
		s.firstRTT = false
	} else {
		s.rtt = (s.last + sample) / 2
	}
	if !s.dropped {
		s.smooth(sample)
	}
	if limit := s.min + 3*s.jitter; s.fast >= limit || s.rtt >= limit || s.slow >= limit || s.rtt > s.fast {
		fresh, s.increase = 0, 0
	}
	s.increase += fresh
	if s.slow > s.min+6*s.jitter && !s.dropped {
		w := s.window
		if s.target > 0 {
			w = s.target
		}
		s.lastDrop = w * ((s.min + 4*s.jitter) / s.fast)
		s.target = max(s.lastDrop*0.5, 3)
		s.increase = 0
		s.dropUntil = s.next + uint32(s.target)
		s.firstAck, s.dropped = true, true
	}
	s.setPace()
	s.last = sample
	s.rto = max(20, s.rtt*1.3+s.jitter+s.ackInterval)
}

func (s *i2pdSender) smooth(sample float64) {
	s.slow = 0.02*s.rtt + 0.98*s.slow
	s.fast = 0.1*s.rtt + 0.9*s.fast
	if d := math.Abs(sample - s.last); d > 0 {
		s.jitterSum += d + 3
		s.jitter = s.jitterSum / float64(s.jitterCount)
		s.jitterCount++
	}
	if s.min > s.rtt {
		s.min = s.rtt
		s.fast = s.min + s.jitter
		s.slow = s.fast
	}
}
