package streamingsim

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

const (
	i2pdMaxWindow  = 512.0
	i2pdFirstRTO   = 9000.0 // as all of its times, in milliseconds
	i2pdSendPeriod = 11.0
)

// i2pdSender is i2pd's Stream of 2.58 as a sender (libi2pd/Streaming.cpp). Its
// window follows the delay and is paced; a loss does not lower it.
type i2pdSender struct {
	out    func(*packet.Packet)
	next   uint32
	queue  []*i2pdPacket
	nacked map[uint32]bool
	// of all streams to the destination, which have one window's maximum together
	underWay *int

	window, lastDrop, target           float64
	increase                           int
	rtt, min, slow, fast, last, jitter float64
	jitterSum                          float64
	jitterCount                        int
	firstRTT, firstAck, dropped        bool
	dropUntil                          uint32
	rto, ackInterval                   float64
	lastAck                            time.Duration
	pace, rest                         float64
	lastSend, sendAt, resendAt         time.Duration
	lastIncrease, askedAt              time.Duration
	burst, attempts                    int
	hasNacks, timedOut                 bool
}

type i2pdPacket struct {
	seq    uint32
	at     time.Duration
	resent bool
}

func newI2PdSender(out func(*packet.Packet), rtt time.Duration, underWay *int) *i2pdSender {
	s := &i2pdSender{out: out, underWay: underWay, next: 1, window: 10, rto: i2pdFirstRTO, ackInterval: 200, resendAt: never, firstRTT: true}
	s.setRTT(ms(rtt))
	s.setPace()
	return s
}

func ms(d time.Duration) float64       { return float64(d) / 1e6 }
func fromMS(f float64) time.Duration   { return time.Duration(f * 1e6) }
func (s *i2pdSender) setRTT(f float64) { s.rtt, s.min, s.slow, s.fast, s.last = f, f, f, f, f }

func (s *i2pdSender) setPace() {
	w := s.window
	if s.target > 0 {
		w = s.target
	}
	s.pace = (s.min + 2*s.jitter) / w
}

func (s *i2pdSender) emit(now time.Duration, p *i2pdPacket) {
	q := &packet.Packet{SendID: 2, ReceiveID: 1, Sequence: p.seq, Payload: make([]byte, modelPayload)}
	if s.askedAt == 0 || ms(now-s.askedAt) > s.min/10 {
		s.askedAt = now
		q.Flags = packet.DelayRequested
	}
	p.at = now
	s.out(q)
}

func (s *i2pdSender) tick(now time.Duration) time.Duration {
	if s.resendAt <= now && len(s.queue) > 0 {
		s.timedOut, s.hasNacks = true, false
		s.burst = 1
		s.resend(now)
	}
	if s.sendAt <= now {
		if ms(now-s.lastSend) > s.pace {
			n := (s.rest + ms(now-s.lastSend)) / s.pace
			s.burst = int(n)
			s.rest = (n - float64(s.burst)) * s.pace
			s.grow(now)
			if s.hasNacks {
				s.resend(now)
			} else {
				s.send(now)
			}
		}
		s.sendAt = now + fromMS(max(i2pdSendPeriod, s.pace))
	}
	return min(s.sendAt, s.resendAt)
}

// grow is the part of ScheduleSend that raises the window.
func (s *i2pdSender) grow(now time.Duration) {
	if s.increase > 0 && (s.window < i2pdMaxWindow || s.target > 0) {
		w := &s.window
		if s.target > 0 {
			w = &s.target
		}
		most := i2pdMaxWindow
		if s.lastIncrease > 0 {
			most = ms(now-s.lastIncrease)/(s.rtt/i2pdMaxWindow) + *w
		}
		for i := 0; i < s.burst && s.increase > 0; i++ {
			switch {
			case s.lastDrop > 0 && s.lastDrop >= *w:
				*w += 1 - (1 / ((s.lastDrop + 0.2) / *w))
			case s.lastDrop > 0:
				*w += (*w - (s.lastDrop - 0.2)) / *w
			default:
				*w += (*w - 0.8) / *w
			}
			*w = min(*w, i2pdMaxWindow)
			s.increase--
			if *w >= most {
				*w = most
				break
			}
		}
		s.setPace()
	}
	s.lastIncrease = now
}

func (s *i2pdSender) send(now time.Duration) {
	n := min(int(s.window)-len(s.queue), s.burst, int(i2pdMaxWindow)-*s.underWay)
	s.lastSend = now
	if n <= 0 {
		return
	}
	if len(s.queue) == 0 {
		s.resendAt = now + fromMS(s.rto)
	}
	for range n {
		p := &i2pdPacket{seq: s.next}
		s.next++
		s.queue = append(s.queue, p)
		*s.underWay++
		s.emit(now, p)
	}
}

func (s *i2pdSender) resend(now time.Duration) {
	n := 0
	for _, p := range s.queue {
		if s.hasNacks && !s.nacked[p.seq] || ms(now-p.at) < s.rto {
			continue
		}
		p.resent = ms(now-p.at) < 3*s.rto
		s.emit(now, p)
		if n++; n >= max(s.burst, 1) {
			break
		}
	}
	if n == 0 {
		s.send(now)
	} else {
		s.resent(now)
	}
	if s.timedOut {
		s.resendAt = now + fromMS(s.rto)
	}
}

// resent follows from the second time-out on: all is measured anew.
func (s *i2pdSender) resent(now time.Duration) {
	s.lastSend = now
	switch {
	case s.hasNacks:
		s.attempts = 1
	case s.timedOut:
		s.attempts++
	}
	if s.attempts == 1 && s.rto != i2pdFirstRTO || !s.timedOut {
		return
	}
	s.rto, s.ackInterval = i2pdFirstRTO, 200
	s.target, s.lastDrop, s.increase = 10, 0, 0
	s.dropped, s.firstRTT, s.firstAck = true, true, true
	s.dropUntil, s.lastAck = 0, 0
	s.setPace()
}
