package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// rack finds losses by time (RFC 8985): what was sent well before something that
// has arrived is lost. Tunnels reorder, so how much "well" is grows with each mistake.
type rack struct {
	sentAt  instant // the latest sending of what has arrived
	trip    instant // its round trip
	eighths int     // the reordering window, in eighths of the round trip, less one
}

func (r *rack) delivered(sentAt, trip instant) {
	if sentAt >= r.sentAt {
		r.sentAt, r.trip = sentAt, trip
	}
}

func (r *rack) spurious() { r.eighths = min(r.eighths+1, 31) }

// window is for how long a later packet may overtake an earlier one.
func (r *rack) window(minRTT, smoothed instant) instant {
	return min(instant(r.eighths+1)*minRTT/8, smoothed)
}

// detectLoss marks what is lost, and sets the time when more will be.
func (s *Stream) detectLoss() {
	s.lossAt = never
	if s.rack.trip == 0 {
		return
	}
	now := s.e.now
	wait := s.rack.trip + s.rack.window(s.peer.control.MinRTT(), s.peer.rtt.smoothed)
	for i := range s.sentLen {
		g := *s.queue.at(i)
		if g == nil || g.lost || !g.counted() || g.last >= s.rack.sentAt {
			continue
		}
		if at := g.last + wait; at > now {
			s.lossAt = min(s.lossAt, at)
			continue
		}
		s.lose(g)
	}
	s.wake()
}

func (s *Stream) lose(g *segment) {
	g.lost = true
	s.lostLen++
	s.inflight--
	s.peer.inflight--
	s.peer.control.Lost(1)
	s.peer.wake()
}

// rtoState counts what went unanswered.
type rtoState struct {
	fired      int     // since the last progress
	progressAt instant // when something was last acknowledged, or there was nothing to be
}

func (r *rtoState) progress(now instant) { r.fired, r.progressAt = 0, now }

const (
	firstSYNAgain = 4 * time.Second // the first packet of a session may be lost while lease sets are looked up
	nextSYNAgain  = 9 * time.Second

	unacceptedLife = 30 * time.Second
)

// timeout is the retransmission time-out, backed off.
func (s *Stream) timeout() time.Duration {
	if !s.acked { // a SYN waits to be answered
		return min(min(firstSYNAgain, 2*s.peer.rtt.timeout())<<min(s.rto.fired, 10), nextSYNAgain)
	}
	if s.peerAnswers() {
		return s.peer.rtt.timeout() // the path is there: it is to be known soon
	}
	return min(s.peer.rtt.timeout()<<min(s.rto.fired, 10), maxRTO)
}

// patience is how long something may go unacknowledged. Who has opened a stream and does not
// take our answer gets few of them: a SYN may be an old one, sent by somebody else.
func (s *Stream) patience() time.Duration {
	if s.incoming && !s.acked {
		return min(unacceptedLife, s.e.conf.GiveUp)
	}
	return s.e.conf.GiveUp
}

func (s *Stream) armRTO() {
	if !s.choked {
		s.rtoAt = min(s.e.now+s.timeout(), max(s.e.now, s.rto.progressAt+s.patience()))
	}
}

func (s *Stream) armTail() {
	if s.acked && !s.choked && !s.tailProbed && s.peer.rtt.smoothed > 0 {
		s.tailAt = s.e.now + s.peer.rtt.probe()
	}
}

// timedOut sends the oldest segment again, past all windows, and gives up in the end.
func (s *Stream) timedOut() {
	s.rtoAt, s.tailAt = never, never
	if s.sentLen == 0 {
		return
	}
	now := s.e.now
	if now-s.rto.progressAt >= s.patience() {
		s.fail(ErrTimeout)
		return
	}
	if s.peer.waiting == nil { // what waits here says nothing of the peer
		s.rto.fired++
		if s.forgottenByPeer() {
			return
		}
	}
	s.loseAll()
	if s.acked {
		s.peer.timeOut()
	}
	s.probe(0) // the front of the queue is never an acknowledged one
	s.armRTO()
}

// loseAll takes for lost all that could have been acknowledged by now.
func (s *Stream) loseAll() {
	wait := s.peer.rtt.smoothed + s.peer.rtt.variance
	for i := range s.sentLen {
		if g := *s.queue.at(i); g != nil && !g.lost && g.counted() && g.last+wait <= s.e.now {
			s.lose(g)
		}
	}
}

// probeTail sends the newest segment again if nothing follows it that would show its loss.
func (s *Stream) probeTail() {
	if s.lostLen > 0 || s.choked || s.sentLen == 0 {
		return
	}
	if s.sentLen < s.queue.len() && s.sentLen < s.peer.span && s.peer.inflight < s.peer.control.Window() {
		return
	}
	for i := s.sentLen - 1; i >= 0; i-- {
		if g := *s.queue.at(i); g != nil {
			if g.flags.Has(packet.SYN) {
				return
			}
			s.tailProbed = true // one is enough until something is acknowledged
			s.probe(i)
			return
		}
	}
}
