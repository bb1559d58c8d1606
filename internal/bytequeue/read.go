package bytequeue

import (
	"io"
	"os"
)

// Read takes up to len(p) bytes and waits while there are none. When the queue
// is empty and the writer has ended it returns the writer's error. It returns
// [io.ErrClosedPipe] after CloseRead and [os.ErrDeadlineExceeded] past the read
// deadline, even when bytes are waiting, as a [net.Conn] does.
func (q *Queue) Read(p []byte) (int, error) {
	q.mu.Lock()
	for {
		switch {
		case q.rclosed:
			q.mu.Unlock()
			return 0, io.ErrClosedPipe
		case q.rdeadline.Expired():
			q.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			q.mu.Unlock()
			return 0, nil
		case q.size > 0:
			n, freed := 0, 0
			for n < len(p) && q.size > 0 {
				k := copy(p[n:], q.head.bytes())
				freed += q.drop(k)
				n += k
			}
			q.unlockFreed(freed)
			return n, nil
		case q.werr != nil:
			err := q.werr
			q.mu.Unlock()
			return 0, err
		}
		q.readable.Wait()
	}
}

// Peek returns the bytes at the front that lie together in memory, without
// taking or waiting; nil when the queue is empty. They stay valid until the
// reader's next Discard, Read or CloseRead.
func (q *Queue) Peek() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size == 0 {
		return nil
	}
	return q.head.bytes()
}

// Discard takes n bytes, at most as many as Peek returned, and tells how many
// are left.
func (q *Queue) Discard(n int) (left int) {
	q.mu.Lock()
	if q.size == 0 { // closed meanwhile
		n = 0
	}
	freed := q.drop(n)
	left = q.size
	q.unlockFreed(freed)
	return left
}

// drop takes n bytes off the first chunk and tells how much memory came free.
func (q *Queue) drop(n int) (freed int) {
	if n == 0 {
		return 0
	}
	c := q.head
	c.r += n
	q.size -= n
	if q.size > 0 && c.r < c.w {
		return 0
	}
	if q.head = c.next; q.head == nil {
		q.tail = nil
	}
	return c.free()
}

// unlockFreed ends a step of the reader. The budget wakes other queues, so it
// is told only when this one is unlocked.
func (q *Queue) unlockFreed(bytes int) {
	q.writable.Broadcast()
	q.mu.Unlock()
	q.budget.release(q, bytes)
}

// Len returns how many bytes wait.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size
}
