package bytequeue

import (
	"slices"
	"sync"
)

// Budget bounds the memory of many queues together, and divides it: a queue may
// hold no more than half of what is left, so that the first ones, however fast,
// never take all (this is the dynamic threshold of Choudhury and Hahne for
// switches with shared memory). One that waits for its share gets on when its
// reader takes something, or when another queue gives memory back. It is safe
// for concurrent use, and a nil Budget bounds nothing.
//
// A queue that holds nothing may always take [SmallSize] bytes, so that no
// stream starves. One sixteenth of the total is kept for that; only when there
// are more queues than it serves is the budget overdrawn, by that much each.
type Budget struct {
	mu      sync.Mutex
	total   int // bytes, as is used
	used    int
	waiting []*Queue
}

// share is a queue's standing with its budget, guarded by the budget's lock.
type share struct {
	held    int // bytes
	waiting bool
}

// NewBudget returns a budget of total bytes.
func NewBudget(total int) *Budget { return &Budget{total: max(total, 0)} }

// Used returns the bytes of memory that queues hold, filled or not.
func (b *Budget) Used() int {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// allows reports whether a queue that holds so much may have size more. The
// caller holds mu.
func (b *Budget) allows(held, size int) bool {
	left := b.total - b.total/16 - b.used
	return size <= left && 2*held <= left
}

// take counts memory for q: a full chunk if it wants one and may have it, else
// a small one. It returns 0 and notes that q waits if q may have neither; empty
// says that q holds nothing. The caller holds q.mu and is woken through
// q.writable.
func (b *Budget) take(q *Queue, full, empty bool) int {
	size := SmallSize
	if full {
		size = ChunkSize
	}
	if b == nil {
		return size
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.allows(q.share.held, size):
	case empty || b.allows(q.share.held, SmallSize):
		size = SmallSize
	default:
		if !q.share.waiting {
			q.share.waiting = true
			b.waiting = append(b.waiting, q)
		}
		return 0
	}
	b.dequeue(q)
	b.used += size
	q.share.held += size
	return size
}

// leave notes that q does not wait any more. The caller holds q.mu.
func (b *Budget) leave(q *Queue) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dequeue(q)
}

func (b *Budget) dequeue(q *Queue) {
	if q.share.waiting {
		q.share.waiting = false
		i := slices.Index(b.waiting, q)
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
}

// release gives back what q held and wakes those that wait and may have more
// now. The caller holds no queue's lock.
func (b *Budget) release(q *Queue, bytes int) {
	if b == nil || bytes == 0 {
		return
	}
	b.mu.Lock()
	b.used -= bytes
	q.share.held -= bytes
	var woken []*Queue
	left := b.total - b.total/16 - b.used
	b.waiting = slices.DeleteFunc(b.waiting, func(q *Queue) bool {
		if left < ChunkSize || 2*q.share.held > left {
			return false
		}
		left -= ChunkSize
		q.share.waiting = false
		woken = append(woken, q)
		return true
	})
	b.mu.Unlock()
	for _, q := range woken {
		q.mu.Lock()
		q.writable.Broadcast()
		q.mu.Unlock()
	}
}
