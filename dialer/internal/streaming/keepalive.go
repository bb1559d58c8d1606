package streaming

// keepAliveAt is when an idle stream has to be asked after. i2pd answers nothing
// but what takes a place in the sequence, and forgets streams without a word.
func (s *Stream) keepAliveAt() instant {
	if s.e.conf.KeepAlive < 0 || s.sentLen > 0 || s.choked {
		return never
	}
	return s.heardAt + s.e.conf.KeepAlive
}

// keepAlive sends an empty segment, or, when the sequence has ended with our
// CLOSE, a ping to the destination.
func (s *Stream) keepAlive() {
	now := s.e.now
	switch {
	case !s.closeSent && s.queue.len() == 0:
		s.queue.push(&segment{})
		s.probe(0)
	case !s.closeSent: // what waits to be sent will do
	case s.ping != nil && !s.ping.answered && s.ping.sentAt > s.heardAt-s.e.conf.KeepAlive:
		if now-s.ping.sentAt >= s.e.conf.GiveUp {
			s.fail(ErrTimeout)
			return
		}
	default:
		s.ask()
	}
	s.heardAt = now
}
