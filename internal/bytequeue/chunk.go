package bytequeue

import "sync"

// The units, in bytes, in which queues take memory: small ones for the little
// that most streams hold, full ones for those that hold much.
const (
	SmallSize = 1 << 10
	ChunkSize = 16 << 10
)

// chunk is a piece of a queue; buf[r:w] is what it holds.
type chunk struct {
	next *chunk
	r, w int
	buf  []byte
}

var (
	smallChunks = sync.Pool{New: func() any { return &chunk{buf: make([]byte, SmallSize)} }}
	fullChunks  = sync.Pool{New: func() any { return &chunk{buf: make([]byte, ChunkSize)} }}
)

func newChunk(size int) *chunk {
	if size == SmallSize {
		return smallChunks.Get().(*chunk)
	}
	return fullChunks.Get().(*chunk)
}

// free gives the memory back and tells how much it was.
func (c *chunk) free() int {
	c.next, c.r, c.w = nil, 0, 0
	size := len(c.buf)
	if size == SmallSize {
		smallChunks.Put(c)
	} else {
		fullChunks.Put(c)
	}
	return size
}

func (c *chunk) room() int     { return len(c.buf) - c.w }
func (c *chunk) bytes() []byte { return c.buf[c.r:c.w] }

func (c *chunk) write(p []byte) int {
	n := copy(c.buf[c.w:], p)
	c.w += n
	return n
}
