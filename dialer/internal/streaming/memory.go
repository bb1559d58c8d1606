package streaming

const (
	chunkLen      = 2048 // holds a full packet
	spareChunks   = 256
	spareSegments = 512
)

// memory keeps buffers for use by the next stream.
type memory struct {
	chunks   [][]byte
	segments []*segment
}

func (m *memory) chunk() []byte {
	if n := len(m.chunks); n > 0 {
		c := m.chunks[n-1]
		m.chunks = m.chunks[:n-1]
		return c
	}
	return make([]byte, 0, chunkLen)
}

func (m *memory) freeChunk(c []byte) {
	if len(m.chunks) < spareChunks {
		m.chunks = append(m.chunks, c[:0])
	}
}

// segment returns an empty one. One for little data has no buffer of full size.
func (m *memory) segment(size int) *segment {
	if n := len(m.segments); n > 0 && size > 0 {
		s := m.segments[n-1]
		m.segments = m.segments[:n-1]
		return s
	}
	return &segment{}
}

func (m *memory) freeSegment(s *segment) {
	if len(m.segments) < spareSegments && cap(s.data) >= minPayload {
		*s = segment{data: s.data[:0]}
		m.segments = append(m.segments, s)
	}
}
