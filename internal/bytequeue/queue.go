package bytequeue

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/internal/deadline"
)

// Queue is the queue. Make it with [New]. One goroutine may write while
// another reads; all other methods may be called at any time by anyone.
type Queue struct {
	// OnFill, when not nil, is called by Write each time the queue stops being
	// empty, before Write waits for anything. Together with [Queue.Discard],
	// which tells when the queue is empty again, it lets a reader exist only
	// while there is something to read. It is called without locks held and
	// must not block. Set it before the first Write.
	OnFill func()

	limit  int
	budget *Budget

	mu         sync.Mutex
	head, tail *chunk
	size       int
	spare      *chunk // what the writer has reserved
	busy       bool   // the last reservation was used up
	werr       error  // why the writer ended; nil while it has not
	rclosed    bool

	readable, writable   sync.Cond
	rdeadline, wdeadline deadline.Deadline

	share share
}

// New returns an empty queue that holds at most limit bytes (a limit below 1
// means [ChunkSize]) and takes the memory for them from budget (nil is
// unlimited). With a budget, CloseRead must be called in the end, since what a
// forgotten queue holds stays counted.
func New(limit int, budget *Budget) *Queue {
	if limit < 1 {
		limit = ChunkSize
	}
	q := &Queue{limit: limit, budget: budget}
	q.readable.L, q.writable.L = &q.mu, &q.mu
	return q
}

// Write appends p and waits while the queue is full or the budget is used up.
// It returns [io.ErrClosedPipe] once either end is closed and
// [os.ErrDeadlineExceeded] past the write deadline, with the number of bytes
// that went in before.
func (q *Queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for {
		if n > 0 && n == len(p) {
			return n, nil
		}
		if err := q.writeErr(); err != nil {
			q.budget.leave(q)
			return n, err
		}
		if len(p) == 0 {
			return 0, nil
		}
		k := q.append(p[n:])
		if k == 0 {
			q.writable.Wait()
			continue
		}
		n += k
		q.readable.Broadcast()
		if q.size == k && q.OnFill != nil {
			q.mu.Unlock()
			q.OnFill()
			q.mu.Lock()
		}
	}
}

func (q *Queue) writeErr() error {
	switch {
	case q.rclosed || q.werr != nil:
		return io.ErrClosedPipe
	case q.wdeadline.Expired():
		return os.ErrDeadlineExceeded
	}
	return nil
}

// append takes what fits of p into the last chunk, or into a new one.
func (q *Queue) append(p []byte) int {
	p = p[:min(len(p), q.limit-q.size)]
	if len(p) == 0 {
		return 0
	}
	if q.tail == nil || q.tail.room() == 0 {
		size := q.budget.take(q, len(p) > SmallSize, q.head == nil)
		if size == 0 {
			return 0
		}
		q.push(newChunk(size))
	}
	n := q.tail.write(p)
	q.size += n
	return n
}

func (q *Queue) push(c *chunk) {
	if q.head == nil {
		q.head = c
	} else {
		q.tail.next = c
	}
	q.tail = c
}

// CloseWrite ends the writing side: the reader gets what is left and then err,
// or [io.EOF] when err is nil. Only the first call counts.
func (q *Queue) CloseWrite(err error) {
	if err == nil {
		err = io.EOF
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.werr == nil {
		q.werr = err
	}
	q.readable.Broadcast()
	q.writable.Broadcast()
}

// CloseRead ends the reading side, throws away what is left and frees its
// memory, but for what the writer has reserved. It must not run while the
// reader still uses bytes from Peek.
func (q *Queue) CloseRead() {
	q.mu.Lock()
	q.rclosed = true
	freed := 0
	for q.head != nil {
		freed += q.drop(len(q.head.bytes()))
	}
	q.readable.Broadcast()
	q.unlockFreed(freed)
}

// SetReadDeadline makes Read fail from t on; the zero time means never.
func (q *Queue) SetReadDeadline(t time.Time) { q.setDeadline(&q.rdeadline, t, &q.readable) }

// SetWriteDeadline makes Write fail from t on; the zero time means never.
func (q *Queue) SetWriteDeadline(t time.Time) { q.setDeadline(&q.wdeadline, t, &q.writable) }

func (q *Queue) setDeadline(d *deadline.Deadline, t time.Time, wake *sync.Cond) {
	q.mu.Lock()
	defer q.mu.Unlock()
	d.Set(t, wake)
}
