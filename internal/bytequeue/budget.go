package bytequeue

import (
	"slices"
	"sync"
)

// Budget bounds the memory of many queues together. It is safe for concurrent
// use, and a nil Budget bounds nothing. Writers that find it used up are served
// in the order in which they came.
//
// A queue that holds nothing may always take one chunk, so that no stream
// starves; by that much per queue the budget can be overdrawn.
type Budget struct {
	mu      sync.Mutex
	total   int // in chunks, as is used
	used    int
	waiting []*Queue
}

// turn is a queue's standing with its budget.
type turn struct {
	waiting bool
	granted bool // a chunk is already counted for it
}

// NewBudget returns a budget of total bytes. Memory is counted in units of
// [ChunkSize], rounded down.
func NewBudget(total int) *Budget {
	return &Budget{total: total / ChunkSize}
}

// Used returns the bytes in use.
func (b *Budget) Used() int {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used * ChunkSize
}

// take counts one chunk for q, or puts q in the line. The caller holds q.mu and
// will be woken through q.writable.
func (b *Budget) take(q *Queue, first bool) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case q.turn.granted:
		q.turn.granted = false
	case first, !q.turn.waiting && len(b.waiting) == 0 && b.used < b.total:
		b.used++
		b.dequeue(q)
	default:
		if !q.turn.waiting {
			q.turn.waiting = true
			b.waiting = append(b.waiting, q)
		}
		return false
	}
	return true
}

// leave takes q out of the line and passes on what it was granted. The caller
// holds q.mu; it is released for the time in which others are woken.
func (b *Budget) leave(q *Queue) {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.dequeue(q)
	granted := q.turn.granted
	q.turn.granted = false
	b.mu.Unlock()
	if granted {
		q.mu.Unlock()
		b.release(1)
		q.mu.Lock()
	}
}

func (b *Budget) dequeue(q *Queue) {
	if !q.turn.waiting {
		return
	}
	q.turn.waiting = false
	i := slices.Index(b.waiting, q)
	b.waiting = slices.Delete(b.waiting, i, i+1)
}

// release gives chunks back and wakes those in the line who can have them now.
// The caller holds no queue's lock.
func (b *Budget) release(chunks int) {
	if b == nil || chunks == 0 {
		return
	}
	b.mu.Lock()
	b.used -= chunks
	n := min(len(b.waiting), max(0, b.total-b.used))
	served := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	for _, q := range served {
		q.turn = turn{granted: true}
		b.used++
	}
	b.mu.Unlock()
	for _, q := range served {
		q.mu.Lock()
		q.writable.Broadcast()
		q.mu.Unlock()
	}
}
