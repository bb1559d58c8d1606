package socks

import (
	"sync"
	"sync/atomic"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

// backlog holds what was read ahead of a slow receiver. Its goroutine writes to
// the receiver and lives only while bytes wait.
type backlog struct {
	flow  *flow
	queue atomic.Pointer[bytequeue.Queue] // nil before it is needed
	wg    sync.WaitGroup
	err   error // of the last write; read after wg.Wait
}

// put waits until there is room. It is called by one goroutine.
func (b *backlog) put(p []byte) error {
	q := b.queue.Load()
	if q == nil {
		q = b.open()
	}
	_, err := q.Write(p)
	return err
}

func (b *backlog) open() *bytequeue.Queue {
	w := b.flow.watch
	q := bytequeue.New(w.opt.ReadAhead, w.opt.Budget)
	q.OnFill = func() { b.wg.Go(b.drain) }
	w.mu.Lock()
	defer w.mu.Unlock()
	b.queue.Store(q)
	if w.ended {
		b.interrupt()
	}
	return q
}

// interrupt ends the waiting for room. The caller holds the mutex of the watch.
func (b *backlog) interrupt() {
	if q := b.queue.Load(); q != nil {
		q.SetWriteDeadline(past)
	}
}

// empty reports that all is delivered and that no write is under way.
func (b *backlog) empty() bool {
	q := b.queue.Load()
	return q == nil || q.Len() == 0
}

func (b *backlog) drain() {
	q := b.queue.Load()
	for left := 1; left > 0; {
		p := q.Peek()
		if b.err = b.flow.write(p); b.err != nil {
			b.flow.watch.end(b.err) // first, or the fast path might write behind the gap
			q.CloseRead()
			return
		}
		left = q.Discard(len(p))
	}
}

// finish waits until all is delivered or a write has failed.
func (b *backlog) finish() error {
	b.wg.Wait()
	if q := b.queue.Load(); q != nil {
		q.CloseRead()
	}
	return b.err
}
