package streaming

// SkipTo lets a stream with nothing to send go on with a later sequence number.
func SkipTo(s *Stream, seq uint32) {
	s.dropSegments()
	s.base = seq
	s.rtoAt, s.tailAt = never, never
}
