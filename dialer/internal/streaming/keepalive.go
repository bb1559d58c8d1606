package streaming

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// keepAliveAt is when an idle stream has to be asked after. i2pd answers nothing
// but what takes a place in the sequence, and forgets streams without a word.
func (s *Stream) keepAliveAt() instant {
	if s.e.conf.KeepAlive < 0 || s.sentLen > 0 || s.choked {
		return never
	}
	at := s.heardAt + s.e.conf.KeepAlive
	if s.incoming {
		at += laterKeepAlive
	}
	return at
}

// laterKeepAlive lets who was called ask after who has called: routers of two that ask at the same moment begin two sessions, and
// i2pd loses what goes by either.
const laterKeepAlive = time.Minute

// keepAlive sends an empty segment, or, when the sequence has ended, the CLOSE
// again. Who still has the stream acknowledges either.
func (s *Stream) keepAlive() {
	s.heardAt = s.e.now
	switch {
	case s.queue.len() > 0: // what waits to be sent will do
	case s.closeSent:
		s.base--
		s.queue.push(&segment{flags: packet.Close})
		s.probe(0)
	default:
		s.queue.push(&segment{})
		s.probe(0)
	}
}
