package streaming

import (
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
)

type state uint8

const (
	dialling state = iota // our SYN is not answered
	open
	resetting // our RESET may have to be sent again
	ended
)

// Stream is one stream, of those that Dial and Accept return.
type Stream struct {
	// Owner is the caller's.
	Owner any

	e                     *Engine
	peer                  *peer
	key                   *packet.Key // a transient one of the peer's; nil is the destination's
	local, remote         uint32
	localPort, remotePort uint16
	state                 state
	incoming              bool
	listener              *Listener // that has not handed it out yet
	err                   error     // why it ended, nil when both have closed

	inUrgent, inSendable, reported bool
	urgency                        urgency
	timer                          timer

	sender
	receiver
	ending
}

// Remote is who the stream is with, and RemotePort and LocalPort are its ports.
// i2pd's peers answer from port 0 whatever port was dialled; RemotePort does not follow that.
func (s *Stream) Remote() keys.Destination { return s.peer.dest }
func (s *Stream) RemotePort() uint16       { return s.remotePort }
func (s *Stream) LocalPort() uint16        { return s.localPort }

// Opened reports whether the peer has answered, or has asked itself.
func (s *Stream) Opened() bool { return s.state == open || s.remote != 0 }

// Ended reports whether the stream is over and nothing more will be sent for it. Err then says
// why: nil when both sides have closed and everything has arrived. What was received can still be read.
func (s *Stream) Ended() bool { return s.state == ended }

// Err is why the stream does not work any more, nil while it does.
func (s *Stream) Err() error { return s.err }

// Delivered reports whether the peer has acknowledged all that was written, and the end of it after CloseWrite or Close.
func (s *Stream) Delivered() bool {
	return s.state == ended || s.queue.len() == 0 && (!s.writeShut || s.closeSent)
}

// changed reports the stream by Engine.Changed.
func (s *Stream) changed() {
	if !s.reported {
		s.reported = true
		s.e.changes.push(Change{Stream: s})
	}
}

// urgency is what of a stream no window holds back.
type urgency uint8

const (
	urgentReset urgency = 1 << iota
	urgentSegment
	urgentAck
)

func (s *Stream) urge(u urgency) {
	s.urgency |= u
	if !s.inUrgent {
		s.inUrgent = true
		s.e.urgent.push(s)
	}
}

// takeUrgent returns the most urgent packet.
func (s *Stream) takeUrgent(b []byte) (Outgoing, bool) {
	u := s.urgency
	s.urgency = 0
	switch {
	case u&urgentReset != 0 && s.afford(packet.MinLen+s.e.signatureLen):
		return s.sendReset(b), true
	case u&urgentReset != 0:
		s.finish(s.err)
		return Outgoing{}, false
	case s.state == ended || s.state == resetting:
		return Outgoing{}, false
	case u&urgentSegment != 0:
		if i, ok := s.probed(); ok && s.mayTransmit(i) {
			return s.transmit(i, b), true // with an acknowledgement
		}
		if u&urgentAck == 0 {
			return Outgoing{}, false
		}
		fallthrough
	case u&urgentAck != 0 && s.remote != 0:
		o := s.sendAck(b)
		return o, s.afford(len(o.Bytes) - len(b))
	}
	return Outgoing{}, false
}

// arm sets the timer to the earliest of what the stream waits for. One that is
// set too early is left: it fires and is set again.
func (s *Stream) arm() {
	at := never
	switch s.state {
	case resetting:
		at = s.endAt
	case dialling:
		at = min(s.rtoAt, s.endAt)
	case open:
		at = min(s.ackAt, s.rtoAt, s.tailAt, s.lossAt, s.probeAt, s.chokeAt, s.endAt, s.closesAt(), s.keepAliveAt())
	}
	if s.timer.place == 0 || at < s.timer.at {
		s.e.timers.set(&s.timer, at)
	}
}

// due is called when the timer fires.
func (s *Stream) due(now instant) {
	if s.state == open && s.ackAt <= now {
		s.ackAt = never
		s.urge(urgentAck)
	}
	if s.state == open && s.lossAt <= now {
		s.lossAt = never
		s.detectLoss()
	}
	if s.state == open && s.probeAt <= now {
		s.probeChoked()
	}
	if (s.state == open || s.state == dialling) && s.rtoAt <= now {
		s.timedOut()
	}
	if s.state == open && s.tailAt <= now {
		s.tailAt = never
		s.probeTail()
	}
	if s.state == open && s.chokeAt <= now {
		s.repeatChoke()
	}
	if s.state == open && s.closesAt() <= now {
		s.queueClose()
	}
	if s.state == open && s.keepAliveAt() <= now {
		s.keepAlive()
	}
	if s.state != ended && s.endAt <= now {
		s.endAt = never
		s.endTimedOut()
	}
	s.arm()
}

// finish takes the stream out of the engine. Data that was received stays readable.
func (s *Stream) finish(err error) {
	if s.state == ended {
		return
	}
	if s.err == nil {
		s.err = err
	}
	s.state = ended
	if s.listener != nil && s.unread == 0 {
		s.listener.forget(s)
	}
	e := s.e
	delete(e.streams, s.local)
	e.forgetRemote(s)
	e.timers.set(&s.timer, never)
	s.dropSegments()
	s.dropBlocks()
	s.peer.count(-1)
	if s.incoming {
		s.peer.opened--
	}
	s.peer.release()
	s.peer.wake()
	s.changed()
}
