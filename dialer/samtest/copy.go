package samtest

import (
	"sync"
	"time"
)

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// copy passes on what the client sends until it ends. An idle stream holds a
// small buffer only; while reads fill their buffer, a large one is used.
func (e *end) copy() {
	small := make([]byte, 2<<10)
	var large *[64 << 10]byte
	defer func() {
		if large != nil {
			buffers.Put(large)
		}
	}()
	for {
		buf := small
		if large != nil {
			buf = large[:]
		}
		n, err := e.c.nc.Read(buf)
		if n > 0 {
			e.pass(buf[:n])
		}
		switch {
		case err != nil:
			return
		case large == nil && n == len(small):
			large = buffers.Get().(*[64 << 10]byte)
		case large != nil && n < len(small):
			buffers.Put(large)
			large = nil
		}
	}
}

// pass gives data to the peer. What nobody will read is thrown away.
func (e *end) pass(p []byte) {
	e.last = time.Now()
	e.sent += int64(len(p))
	if e.peer.cut.Load() {
		e.unanswered()
		return
	}
	if e.peer.in != nil {
		e.peer.in.push(p)
		return
	}
	select {
	case <-e.peer.ready:
		e.peer.out.Write(p) // a failure shows when the peer ends
	case <-e.peer.gone:
	}
}

// unanswered ends the stream once data had no answer for long enough.
func (e *end) unanswered() {
	e.st.nw.mu.Lock()
	defer e.st.nw.mu.Unlock()
	if !e.orphan {
		e.orphan = true
		e.st.nw.after(deadStream, e.hangUp)
	}
}
