package sam

import (
	"sync"
	"sync/atomic"
	"time"
)

// streams are the open streams of a session.
type streams struct {
	received, sent atomic.Int64 // bytes, of all streams so far

	mu     sync.Mutex
	open   map[*stream]struct{}
	closed bool
	none   chan struct{} // closed once closed is set and open is empty
	ended  time.Time     // when a stream that may lose its end was closed last
}

// add takes a stream in, or reports false when the session is closed.
func (r *streams) add(s *stream) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if r.open == nil {
		r.open = make(map[*stream]struct{})
	}
	r.open[s] = struct{}{}
	return true
}

func (r *streams) remove(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.open[s]; !ok {
		return
	}
	delete(r.open, s)
	if s.lossy {
		r.ended = time.Now()
	}
	if r.closed && len(r.open) == 0 {
		close(r.none)
	}
}

// farewell returns how long the router still needs to tell peers of streams that have ended: i2pd does not tell
// them any more once their session is closed.
func (r *streams) farewell() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return linger - time.Since(r.ended)
}

func (r *streams) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

// closeAll closes all streams, delivers what they were given to write, and cuts what is left after grace. Of several
// calls at a time the shortest grace counts.
func (r *streams) closeAll(grace time.Duration) {
	r.mu.Lock()
	r.closed = true
	if r.none == nil {
		r.none = make(chan struct{})
		if len(r.open) == 0 {
			close(r.none)
		}
	}
	none := r.none
	open := make([]*stream, 0, len(r.open))
	for s := range r.open {
		open = append(open, s)
	}
	r.mu.Unlock()

	for _, s := range open {
		s.Close()
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-none:
	case <-t.C:
		for _, s := range open {
			s.cut()
		}
	}
}
