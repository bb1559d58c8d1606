package streamingsim

import (
	"math/rand/v2"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

const (
	javaMaxWindow    = 128
	javaMaxSlowStart = 64
	javaMinRTO       = 100 * time.Millisecond
	javaMaxRTO       = 45 * time.Second
	javaNacks        = 3 // of a packet before it is sent again
)

// javaSender is Java I2P's Connection of 2.8.0 as a sender, with its
// ConnectionPacketHandler, PacketLocal and SimpleBandwidthEstimator (Westwood+).
type javaSender struct {
	out   func(*packet.Packet)
	next  uint32
	queue []*javaPacket

	window, threshold int
	rtt, dev, rto     time.Duration
	minRTT            time.Duration
	measuredOnce      bool
	highestAcked      int64
	resends           int // of packets under way
	resendAt          time.Duration
	acked             bool // since the last congestion
	congestedAt       int64
	rate              javaRate
	rand              *rand.Rand
}

type javaPacket struct {
	seq         uint32
	created, at time.Duration
	sends       int
	nacks       int
	fast        bool
}

func newJavaSender(out func(*packet.Packet), rtt time.Duration, r *rand.Rand) *javaSender {
	return &javaSender{out: out, next: 1, window: 3, threshold: javaMaxSlowStart, rto: 9 * time.Second, resendAt: never,
		acked: true, congestedAt: -1, rate: javaRate{acked: -1}, rand: r, rtt: rtt, minRTT: rtt, dev: rtt / 2}
}

func (j *javaSender) emit(now time.Duration, p *javaPacket, ask bool) {
	q := &packet.Packet{SendID: 2, ReceiveID: 1, Sequence: p.seq, Payload: make([]byte, modelPayload)}
	if ask {
		q.Flags = packet.DelayRequested
	}
	p.sends++
	p.at = now
	j.out(q)
}

func (j *javaSender) tick(now time.Duration) time.Duration {
	if j.resendAt <= now && len(j.queue) > 0 {
		j.timeout(now)
	}
	for len(j.queue) < j.window && j.resends < (j.window+1)/2 && int64(j.next)-1-j.highestAcked < int64(min(javaMaxWindow, 2*j.window)) {
		p := &javaPacket{seq: j.next, created: now}
		j.next++
		j.queue = append(j.queue, p)
		left := j.window - len(j.queue)
		j.emit(now, p, left < 3 || left < (j.window+2)/3)
		if j.resendAt == never {
			j.resendAt = now + j.rto
		}
	}
	return j.resendAt
}

// timeout sends half of what is under way again, with a window of 1.
func (j *javaSender) timeout(now time.Duration) {
	j.congested()
	j.rto = min(2*j.rto, javaMaxRTO)
	j.resendAt = now + j.rto
	if j.queue[0].sends == 1 {
		j.lowerThreshold(now)
		j.window = 1
	}
	for _, p := range j.queue[:min(16, (len(j.queue)+1)/2)] {
		if p.sends == 1 {
			j.resends++
		}
		j.emit(now, p, false)
	}
}

func (j *javaSender) congested() {
	if j.acked {
		j.acked = false
		j.congestedAt = int64(j.next) - 1
	}
}

func (j *javaSender) lowerThreshold(now time.Duration) {
	packets := j.rate.estimate(now, j.rtt) * float64(j.minRTT.Milliseconds())
	j.threshold = min(javaMaxSlowStart, max(int(packets), 2))
}

func (j *javaSender) receive(now time.Duration, p *packet.Packet) {
	acked, trip, fast := j.takeAck(now, p)
	if len(j.queue) == 0 {
		j.resends = 0
	}
	if acked > 0 {
		j.acked = true
		j.rate.sample(now, acked, j.rtt)
		j.resendAt = never
		if len(j.queue) > 0 {
			j.resendAt = now + j.rto
		}
	}
	if trip > 0 {
		j.measured(trip)
	}
	if acked > 0 && (acked > 1 || len(j.queue) > 0) {
		if j.window < j.threshold {
			j.window = min(j.threshold, j.window+acked)
		} else if j.rand.IntN(j.window) < acked {
			j.window++
		}
		j.window = min(j.window, javaMaxWindow)
	}
	for _, x := range fast {
		j.fastResend(now, x)
	}
}

func (j *javaSender) takeAck(now time.Duration, p *packet.Packet) (acked int, trip time.Duration, fast []*javaPacket) {
	missing, lowest := make(map[uint32]bool), int64(-1)
	for seq := range p.Nacks.All() {
		missing[seq] = true
		if lowest < 0 || int64(seq) < lowest {
			lowest = int64(seq)
		}
	}
	if lowest < 0 {
		j.highestAcked = max(j.highestAcked, int64(p.AckThrough))
	} else {
		j.highestAcked = max(j.highestAcked, lowest-1)
	}
	var left []*javaPacket
	for i, x := range j.queue {
		if x.seq > p.AckThrough {
			left = append(left, j.queue[i:]...)
			break
		}
		if missing[x.seq] {
			x.nacks++
			if x.nacks >= javaNacks && !x.fast && (x.sends == 1 || x.at < now-4*time.Second) {
				x.fast = true
				fast = append(fast, x)
			}
			left = append(left, x)
			continue
		}
		acked++
		if x.sends > 1 {
			j.resends--
		} else {
			trip = max(trip, now-x.created)
		}
	}
	j.queue = left
	return acked, trip, fast
}

func (j *javaSender) measured(trip time.Duration) {
	j.minRTT = min(j.minRTT, trip)
	if !j.measuredOnce {
		j.measuredOnce = true
		j.rtt, j.dev = trip, trip/2
	} else {
		j.dev += ((trip - j.rtt).Abs() - j.dev) / 4
		j.rtt += (trip - j.rtt) / 8
	}
	j.rto = min(max(j.rtt+4*j.dev, javaMinRTO), javaMaxRTO)
}

func (j *javaSender) fastResend(now time.Duration, x *javaPacket) {
	if j.acked && int64(x.seq) > j.congestedAt {
		j.congested()
		j.rto = min(2*j.rto, javaMaxRTO)
		if x.sends == 1 {
			j.lowerThreshold(now)
			j.window = max(1, min(j.threshold, j.window))
		}
	}
	if x.sends == 1 {
		j.resends++
	}
	j.emit(now, x, false)
}
