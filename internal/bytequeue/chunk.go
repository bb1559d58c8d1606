package bytequeue

import "sync"

// ChunkSize is the unit, in bytes, in which queues take memory.
const ChunkSize = 16 << 10

// chunk is a piece of a queue; buf[r:w] is what it holds.
type chunk struct {
	next *chunk
	r, w int
	buf  [ChunkSize]byte
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func newChunk() *chunk { return chunks.Get().(*chunk) }

func (c *chunk) free() {
	c.next, c.r, c.w = nil, 0, 0
	chunks.Put(c)
}

func (c *chunk) full() bool    { return c.w == ChunkSize }
func (c *chunk) bytes() []byte { return c.buf[c.r:c.w] }

func (c *chunk) write(p []byte) int {
	n := copy(c.buf[c.w:], p)
	c.w += n
	return n
}
