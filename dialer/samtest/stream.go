package samtest

import (
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

const (
	linger     = time.Second           // how long a closed stream's socket stays to deliver what is queued
	leaving    = 50 * time.Millisecond // how long a stream of a closed session is still read
	lastWords  = 450 * time.Millisecond
	bigTail    = 100_000 // bytes from which on a hasty close loses the end of a stream
	lostTail   = 20 << 10
	javaWindow = 6 << 20 // bytes that a Java router holds for a slow reader
)

// stream joins two connections, those of the dialer a and of the accepter b.
type stream struct {
	nw       *Network
	from     keys.Destination
	fromPort string
	toPort   string
	a, b     *end
	answer   chan string // what the dialer is told, once: "" or why it was refused
	answered bool        // guarded by the network's lock, as is what follows
	queued   bool        // i2pd at one side: data go through queues, otherwise directly
}

// end is one side of a stream. Its goroutine, that of its connection, reads
// the client's socket and passes on what comes.
type end struct {
	st    *stream
	b     *Bridge
	peer  *end
	ready chan struct{} // closed when its client may get data
	gone  chan struct{} // closed when it will never take data again
	in    *queue        // nil: the peer writes directly

	c    *conn  // set before ready is closed
	out  outlet // the client's socket
	last time.Time
	sent int64
	cut  atomic.Bool // the session went away without a word

	// Guarded by the network's lock.
	s       *session
	running bool
	hung    bool // the peer has ended
	done    bool // gone is closed
	told    bool // the peer has got all that was sent, and the end
	orphan  bool // data was sent to a peer that is cut
}

// newStream prepares a stream; b is the accepter's bridge.
func newStream(c *conn, s *session, b *Bridge) *stream {
	st := &stream{nw: c.b.nw, from: s.dest, answer: make(chan string, 1)}
	st.queued = c.b.f.i2pd || b.f.i2pd
	st.a = &end{st: st, b: c.b, c: c, s: s}
	st.b = &end{st: st, b: b}
	st.a.peer, st.b.peer = st.b, st.a
	for _, e := range []*end{st.a, st.b} {
		e.ready, e.gone = make(chan struct{}), make(chan struct{})
		e.out.busy = make(chan struct{}, 1)
		if st.queued {
			e.in = newQueue(e)
		}
	}
	return st
}

// respond tells the dialer, once. The caller holds the lock, as for refuse.
func (st *stream) respond(message string) {
	if !st.answered {
		st.answered = true
		st.answer <- message
	}
}

// refuse ends a stream that nobody accepted.
func (st *stream) refuse() {
	st.respond("Connection reset")
	st.b.close()
	st.a.hangUp()
}

// run carries the end until both sides are through. first is the status line
// of the stream; it waits up to hold for data to share a segment with.
func (e *end) run(first string, hold time.Duration) {
	nw, c := e.st.nw, e.c
	rest, over := c.in.stop()
	rest = append(c.buf, rest...)
	c.buf = nil
	e.out.set(c, first, hold)
	nw.mu.Lock()
	e.running = true
	hung := e.hung
	nw.notify()
	nw.mu.Unlock()
	close(e.ready)
	if hung {
		e.finish()
	}
	if e.in != nil {
		nw.wg.Go(e.in.run)
	}
	if len(rest) > 0 {
		e.pass(rest)
	}
	if !over {
		e.copy()
	}
	e.clientEnded()
	nw.mu.Lock()
	e.close()
	nw.mu.Unlock()
}

// clientEnded tells the peer that the client closed, unless the peer was first.
func (e *end) clientEnded() {
	e.st.nw.mu.Lock()
	hung, killed := e.hung, e.c.quit
	e.st.nw.mu.Unlock()
	if hung || killed || e.cut.Load() {
		return
	}
	hasty := e.b.f.i2pd && e.sent > 0 && time.Since(e.last) < lastWords
	if hasty && !e.c.peer {
		e.st.nw.violate("conn %d: stream closed %v after its last write", e.c.number, time.Since(e.last).Round(time.Millisecond))
	}
	if e.peer.in == nil {
		e.peer.finish()
		return
	}
	e.peer.in.fin(hasty && e.b.f.losesEnd && e.sent >= bigTail)
}

// finish ends the client's side after everything was written to it. The socket
// is read on for a while: closing it with unread bytes would reset it, and
// that can lose what is on its way to the client.
func (e *end) finish() {
	e.st.nw.mu.Lock()
	e.hung = true
	running := e.running
	e.st.nw.mu.Unlock()
	if !running {
		return // run will see it
	}
	e.out.flush()
	e.c.nc.CloseWrite()
	e.c.nc.SetReadDeadline(time.Now().Add(linger))
}

// hangUp does what finish does, also while somebody is writing to the client.
// The caller holds the lock.
func (e *end) hangUp() {
	e.hung = true
	if !e.running || e.done {
		return
	}
	e.c.nc.SetWriteDeadline(time.Now().Add(linger))
	e.st.nw.wg.Go(e.finish)
}

// sessionEnds is called when the session of the end is closed. i2pd sends the
// peer nothing, and throws away what was not sent yet. The caller holds the lock.
func (e *end) sessionEnds(abrupt bool) {
	live := e.running && !e.done
	switch {
	case abrupt && e.b.Router == Instant:
		e.peer.hangUp()
	case abrupt || e.b.f.i2pd:
		e.cut.Store(true)
		if e.peer.in != nil {
			e.peer.in.lose(e.b.Router != I2PD245)
		}
		if live {
			e.c.nc.Close()
		}
	case live:
		e.st.nw.wg.Go(func() {
			e.out.flush()
			e.c.nc.CloseWrite()
			e.c.nc.SetReadDeadline(time.Now().Add(leaving))
		})
	}
	if !e.running {
		e.hung = true
	}
}

// close marks the end as one that takes no data any more. The caller holds the lock.
func (e *end) close() {
	if !e.done {
		e.done = true
		close(e.gone)
		e.leave()
		e.peer.leave()
	}
}

// leave takes the end out of its session once it is through and nothing of
// what it sent can be lost any more. The caller holds the lock.
func (e *end) leave() {
	if e.s != nil && e.done && (!e.st.queued || e.told || e.peer.done) {
		delete(e.s.ends, e)
		e.st.nw.notify()
	}
}
