package socks

import (
	"sync"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

// backlog holds what was read ahead of a slow receiver. Its goroutine writes to
// the receiver and lives only while bytes wait.
type backlog struct {
	queue *bytequeue.Queue
	flow  *flow
	wg    sync.WaitGroup
	err   error // of the last write; read after wg.Wait
}

func newBacklog(f *flow, opt relayOptions) *backlog {
	b := &backlog{queue: bytequeue.New(opt.ReadAhead, opt.Budget), flow: f}
	b.queue.OnFill = func() { b.wg.Go(b.drain) }
	return b
}

// empty reports that all is delivered and that no write is under way.
func (b *backlog) empty() bool { return b.queue.Len() == 0 }

func (b *backlog) drain() {
	for left := 1; left > 0; {
		p := b.queue.Peek()
		if b.err = b.flow.write(p); b.err != nil {
			b.flow.watch.end(b.err) // first, or the fast path might write behind the gap
			b.queue.CloseRead()
			return
		}
		left = b.queue.Discard(len(p))
	}
}

// finish waits until all is delivered or a write has failed.
func (b *backlog) finish() error {
	b.wg.Wait()
	b.queue.CloseRead()
	return b.err
}
