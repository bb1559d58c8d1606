package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// closeGrace is how long data is still taken, and thrown away, after both Close
// and the acknowledgement of our CLOSE: a RESET could overtake what the peer has not read.
const closeGrace = 5 * time.Second

// closeQuiet is how long it is from the acknowledgement of all data to the CLOSE, towards peers that may be i2pd. That acknowledges
// what its program has not taken yet, and at a CLOSE forgets the rest, or to tell the program of the end.
const closeQuiet = 250 * time.Millisecond

// goneAfter is how many repetitions a peer that answers pings may leave without an
// answer: fewer would be a matter of chance on a bad path.
const goneAfter = 6

// ending is what a stream knows of its end.
type ending struct {
	appClosed bool    // nobody reads or writes any more
	halfClose bool    // CLOSE may be sent while data may still come
	endAt     instant // when waiting for the end has to end
	closeAt   instant // when CLOSE may be sent, behind what was acknowledged
	heardAt   instant // the last packet of the peer's
	resetSeq  uint32
	resets    int // how often the RESET was sent
	ping      *Ping
}

// CloseWrite says that nothing more will be written. The peer learns it by a CLOSE
// behind all data, but only if it is known to go on sending after one, when it has
// closed itself, at Close, or when SetHalfClose says so: i2pd ends both directions at a
// CLOSE and throws away what it has not sent.
func (s *Stream) CloseWrite() {
	s.writeShut = true
	s.queueClose()
}

// SetHalfClose lets CloseWrite send its CLOSE at once, whatever the peer makes of it.
func (s *Stream) SetHalfClose(on bool) {
	s.halfClose = on
	s.queueClose()
}

// Close ends the stream in order: what was written is delivered, for as long as
// that comes on, and what comes is thrown away. It does not wait; see Ended. A dial is given up.
func (s *Stream) Close() {
	if s.appClosed {
		return
	}
	s.appClosed, s.writeShut = true, true
	s.dropUnread()
	switch s.state {
	case dialling:
		s.giveUpDial()
	case open:
		s.hasRoom()
		s.queueClose()
		s.extendLinger()
		s.arm()
	}
}

// Reset ends the stream at once: what was not delivered is lost, and the peer learns that.
func (s *Stream) Reset() {
	s.appClosed, s.writeShut = true, true
	s.dropUnread()
	s.reset(ErrClosed)
}

// Abort ends the stream with err and without a packet, as when nothing can be sent or signed.
func (s *Stream) Abort(err error) {
	if s.state != ended {
		s.waitOn(true)
		s.finish(err)
	}
}

func (s *Stream) giveUpDial() {
	s.waitOn(true)
	s.finish(ErrClosed)
}

// queueClose puts the CLOSE behind all data if it is time for it.
func (s *Stream) queueClose() {
	if !s.writeShut || s.closeSent || s.state != open {
		return
	}
	if !s.appClosed && !s.readClosed && !s.halfClose && !s.peer.bearsHalf {
		return
	}
	if !s.readClosed && !s.halfClose && !s.peer.bearsHalf && !s.settled() {
		return
	}
	s.closeSent = true
	s.queue.push(&segment{flags: packet.Close})
	s.wake()
}

// settled reports whether the peer has had all data for some time. If not, an acknowledgement or the timer calls queueClose.
func (s *Stream) settled() bool { return s.buffered == 0 && s.e.now >= s.closeAt }

// closesAt is when a closed stream sends its CLOSE.
func (s *Stream) closesAt() instant {
	if !s.appClosed || s.closeSent || s.buffered > 0 {
		return never
	}
	return s.closeAt
}

// advanceEnd follows a packet that may have brought the end nearer.
func (s *Stream) advanceEnd() {
	if s.state != open {
		return
	}
	if s.readClosed {
		s.queueClose()
	}
	if s.readClosed && s.allArrived() {
		s.waitOn(false)
		s.acknowledgeEnd()
		s.finish(nil)
	}
}

// acknowledgeEnd acknowledges the peer's CLOSE on behalf of a stream that is leaving.
func (s *Stream) acknowledgeEnd() {
	if s.ackAt != never || s.urgency&urgentAck != 0 {
		s.e.reply(reply{to: s.peer.dest, localPort: s.localPort, remotePort: s.remotePort,
			packet: packet.Packet{SendID: s.remote, ReceiveID: s.local, AckThrough: s.next - 1}})
	}
}

// extendLinger lets a closed stream go on while it makes progress.
func (s *Stream) extendLinger() {
	switch {
	case !s.appClosed:
	case s.allArrived():
		s.endAt = min(s.endAt, s.e.now+closeGrace)
	default:
		s.endAt = s.e.now + s.e.conf.Linger
	}
}

// endTimedOut ends what has waited long enough.
func (s *Stream) endTimedOut() {
	switch {
	case s.state == resetting && s.resets < 2:
		s.urge(urgentReset) // i2pd takes one only when all before it has arrived
	case s.state == resetting:
		s.finish(s.err)
	case s.appClosed && s.allArrived():
		s.waitOn(true)
		s.finish(nil)
	case s.appClosed:
		s.reset(ErrTimeout)
	}
}

// reset tells the peer that the stream is no more, and then forgets it.
func (s *Stream) reset(err error) {
	switch s.state {
	case dialling:
		s.giveUpDial()
	case open:
		s.err = err
		s.state = resetting
		s.resetSeq = s.base + uint32(s.sentLen)
		s.dropSegments()
		s.dropBlocks()
		s.waitOn(true)
		s.changed()
		s.urge(urgentReset)
	}
}

// sendReset makes the RESET. i2pd takes it in sequence only, so it has the next number.
func (s *Stream) sendReset(b []byte) Outgoing {
	s.resets++
	s.endAt = s.e.now + s.peer.rtt.timeout()
	p := &s.e.outgoing
	*p = packet.Packet{SendID: s.remote, ReceiveID: s.local, Sequence: s.resetSeq, Flags: packet.Reset, Nacks: p.Nacks[:0]}
	p.AckThrough = s.next - 1
	return s.encode(p, b)
}

// receivedReset ends the stream; what has arrived in order can still be read.
func (s *Stream) receivedReset() {
	switch {
	case s.state == dialling:
		s.fail(ErrRefused)
	case s.state == resetting || s.appClosed:
		s.waitOn(false)
		s.finish(s.err)
	default:
		s.waitOn(false)
		s.finish(ErrReset)
	}
}

// fail ends the stream for a fault, and lets the peer know if it should ask. When both
// have closed, and only our CLOSE was never acknowledged, that is no fault.
func (s *Stream) fail(err error) {
	s.waitOn(true)
	if s.readClosed && s.onlyCloseLeft() {
		err = nil
	}
	s.finish(err)
}

// forgottenByPeer ends a stream whose peer has left it, which i2pd does in silence.
func (s *Stream) forgottenByPeer() bool {
	switch {
	case s.readClosed && s.rto.fired > 2 && !s.peer.bearsHalf:
		// It has closed, and with that, if it is i2pd, forgotten what we still send.
		s.fail(ErrClosedByPeer)
		return true
	case s.state != open || !s.acked || s.rto.fired < 3:
		return false
	case !s.peerAnswers():
		s.ask() // again each time: it may have been lost
	case s.rto.fired >= s.ping.atRTO+goneAfter:
		s.fail(ErrGone)
		return true
	}
	return false
}

// peerAnswers reports whether the peer has answered a ping since it last acknowledged something.
func (s *Stream) peerAnswers() bool {
	return s.ping != nil && s.ping.answered && s.ping.sentAt >= s.rto.progressAt
}

func (s *Stream) onlyCloseLeft() bool {
	return s.closeSent && s.queue.len() <= 1
}

// ask pings the peer's destination, to tell a path that is broken from a peer that has forgotten the stream.
func (s *Stream) ask() {
	s.ping = s.e.ping(s.peer, s.localPort, s.remotePort)
	s.ping.atRTO = s.rto.fired
}
