package audit

// Datagram takes one datagram of an association, with the host that it is for. See [socks.Observer].
func (s *stream) Datagram(host string, b []byte) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host, s.protocol = canonical(host), "datagram"
	if isSTUN(b) {
		stunMessage(s, b, true)
	}
	s.trackerDatagram(b)
	s.search(b, new(int), true)
	if s.fatal {
		return false, ErrFatal
	}
	s.looked += len(b)
	return s.looked < s.auditor.sample(), nil
}

// Received takes the next bytes that the peer has sent. See [socks.Observer].
func (s *stream) Received(b []byte) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.auditor.sample() - len(s.answer)
	s.answer = append(s.answer, b[:min(len(b), room)]...)
	was := s.protocol
	s.protocol = "answer"
	s.search(s.answer, &s.answered, len(b) >= room)
	s.protocol = was
	if len(b) >= room {
		s.answer = nil
		return false
	}
	return true
}
