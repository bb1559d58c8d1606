package samtest

import (
	"bytes"
	"sync"
	"time"
)

// queue is what the network and the receiving router hold for one end of a
// stream. i2pd holds any amount.
type queue struct {
	e     *end
	limit int // bytes, 0 is none
	delay time.Duration

	mu     sync.Mutex
	chunks []chunk
	size   int
	ended  bool      // the sender has ended
	seen   time.Time // when that is known here
	noEOF  bool      // the client will not be told
	wake   chan struct{}
	room   chan struct{}
}

type chunk struct {
	data []byte
	due  time.Time
}

func newQueue(e *end) *queue {
	q := &queue{e: e, delay: latency, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	if !e.b.f.i2pd {
		q.limit = javaWindow
	}
	return q
}

// push adds data, after waiting for room if the queue has a limit.
func (q *queue) push(p []byte) {
	for {
		q.mu.Lock()
		if q.limit == 0 || q.size < q.limit {
			break
		}
		q.mu.Unlock()
		select {
		case <-q.room:
		case <-q.e.gone:
			return
		}
	}
	defer q.mu.Unlock()
	select {
	case <-q.e.gone:
		return
	default:
	}
	q.chunks = append(q.chunks, chunk{bytes.Clone(p), time.Now().Add(q.delay)})
	q.size += len(p)
	signal(q.wake)
}

// fin notes that the sender has ended. lossy is a close that i2pd 2.59 spoils:
// of what is still on its way the end is lost, and so is the EOF.
func (q *queue) fin(lossy bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended, q.seen = true, time.Now().Add(q.delay)
	if lossy {
		q.noEOF = true
		q.keep(max(0, q.size-lostTail))
	}
	if block := q.e.b.f.block; block > 0 {
		// A reader that cannot take the rest at a fair pace loses it.
		patience := q.delay + 250*time.Millisecond + time.Duration(q.size)*time.Second/(8<<20)
		q.e.st.nw.after(patience, func() { q.truncate(block) })
	}
	signal(q.wake)
}

// truncate leaves one block of what is queued, if there is more.
func (q *queue) truncate(block int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size > block {
		q.keep(block)
		q.noEOF = true
	}
}

// lose drops what was not delivered yet, as the sender's session is gone. An end that
// was announced before still arrives, if told.
func (q *queue) lose(told bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size > 0 && !told {
		q.noEOF = true
	}
	q.keep(0)
}

// keep shortens the queue to n bytes.
func (q *queue) keep(n int) {
	q.size = n
	for i := range q.chunks {
		if n < len(q.chunks[i].data) {
			q.chunks[i].data = q.chunks[i].data[:n]
		}
		n -= len(q.chunks[i].data)
	}
}

// run writes to the client until the stream is through.
func (q *queue) run() {
	for {
		data, wait, over := q.next()
		switch {
		case over:
			q.over()
			return
		case len(data) > 0:
			q.e.out.Write(data)
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-q.wake:
		case <-t.C:
		case <-q.e.gone:
			t.Stop()
			return
		}
		t.Stop()
	}
}

// next takes the next block that is due, or tells how long to wait.
func (q *queue) next() (data []byte, wait time.Duration, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.chunks) > 0 && len(q.chunks[0].data) == 0 {
		q.chunks = q.chunks[1:]
	}
	if len(q.chunks) == 0 {
		if q.ended && !q.noEOF {
			wait = time.Until(q.seen)
			return nil, wait, wait <= 0
		}
		return nil, time.Hour, false
	}
	first := &q.chunks[0]
	if wait = time.Until(first.due); wait > 0 {
		return nil, wait, false
	}
	n := len(first.data)
	if q.e.b.f.block > 0 {
		n = min(n, q.e.b.f.block)
	}
	data = first.data[:n]
	first.data = first.data[n:]
	q.size -= n
	signal(q.room)
	return data, 0, false
}

// over ends the client's side, and takes the sender out of its session:
// nothing of what it sent can be lost any more.
func (q *queue) over() {
	nw := q.e.st.nw
	nw.mu.Lock()
	q.e.peer.told = true
	q.e.peer.leave()
	nw.mu.Unlock()
	q.e.finish()
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
