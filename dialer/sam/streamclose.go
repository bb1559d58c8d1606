package sam

import (
	"cmp"
	"io"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

// maxLinger bounds the time a closed stream waits for a router that takes nothing more.
const maxLinger = time.Minute

// unsentEvery is how often a router that lags behind is looked at.
const unsentEvery = 500 * time.Millisecond

var past = time.Unix(1, 0)

// Close ends both directions. Blocked reads and writes fail. The connection stays open behind the scenes
// until the router has taken what was written and, on i2pd, had time to send it on; what the peer
// sends meanwhile is read and thrown away, or the kernel would throw away what was written.
func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return dialer.OpError("close", s.remote, net.ErrClosed)
	}
	s.closed = true
	if s.finished {
		if s.ahead != nil {
			s.ahead.CloseRead()
		}
		return nil
	}
	s.stopTimer()
	wait, wrote := s.unsettled()
	if !wrote || s.conn.SetWriteDeadline(past) != nil && s.writing.Load() > 0 {
		s.finish() // there is nothing to deliver, or no way to stop a write
		return nil
	}
	if s.ahead != nil {
		s.ahead.CloseRead()
	} else {
		s.conn.SetReadDeadline(past)
		s.discard()
	}
	s.deadline = time.Now().Add(maxLinger)
	if wait > 0 {
		s.finishAfter(wait)
	} else {
		s.tryFinish()
	}
	return nil
}

// unsettled returns how long the router still needs at least, and whether anything was written. The caller holds mu.
func (s *stream) unsettled() (wait time.Duration, wrote bool) {
	linger := s.live.profile.linger
	last := s.lastWrite.Load()
	switch {
	case s.raw || s.writing.Load() > 0:
		return linger, true // nobody knows when the last write was
	case last == 0:
		return 0, false
	}
	wait = linger - (time.Since(epoch) - time.Duration(last))
	return wait, wait > 0 || linger == 0 || s.unsent()
}

// discard reads what still comes to a closed stream until the connection ends, when nobody else reads it. The
// caller holds mu.
func (s *stream) discard() {
	if s.readers > 0 || s.finished {
		return
	}
	s.readers++ // for good
	s.conn.SetReadDeadline(time.Time{})
	go func() {
		drain(s.conn)
		s.cut()
	}()
}

// drain reads to the end. Without the WriteTo of a socket, of no use here, it needs no more stack than a goroutine begins with.
func drain(r io.Reader) { io.Copy(io.Discard, struct{ io.Reader }{r}) }

func (s *stream) lingered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tryFinish()
}

// tryFinish closes the connection once the router has taken all that was written, and looks again later if it has not. To one
// that bears it the end is sent behind the last byte, and it closes when it has read that. The caller holds mu.
func (s *stream) tryFinish() {
	late := !time.Now().Before(s.deadline)
	half, ok := s.conn.(interface{ CloseWrite() error })
	switch {
	case s.finished:
	case !late && ok && s.live.profile.linger == 0 && half.CloseWrite() == nil:
		s.finishAfter(time.Until(s.deadline))
		s.deadline = time.Now()
	case !late && s.unsent():
		s.behind = true
		s.finishAfter(unsentEvery)
	case !late && s.behind:
		s.behind = false
		s.finishAfter(s.live.profile.linger)
	default:
		s.finish()
	}
}

func (s *stream) finishAfter(d time.Duration) {
	if s.timer == nil {
		s.timer = time.AfterFunc(d, s.lingered)
	} else {
		s.timer.Reset(d)
	}
}

// unsent reports whether the router has yet to take something. The caller holds mu.
func (s *stream) unsent() bool { return unsent(s.conn, &s.live.session.diag) }

// lose ends a stream whose session is over: what is left in its connection is read as far as there is memory, for
// a reader to come.
func (s *stream) lose(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost = why; s.live.session.readAhead() > 0 {
		s.takeAhead()
	}
}

// awaitGone returns when the connection is closed, which it is after grace at the latest.
func (s *stream) awaitGone(grace time.Duration) {
	s.mu.Lock()
	if s.gone == nil {
		s.gone = make(chan struct{})
		if s.finished {
			close(s.gone)
		}
	}
	gone := s.gone
	s.mu.Unlock()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-gone:
	case <-t.C:
		s.cut()
	}
}

// cut closes the connection at once.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish()
}

// finish closes the connection. The caller holds mu.
func (s *stream) finish() {
	if s.finished {
		return
	}
	s.finished = true
	s.stopTimer()
	s.conn.Close()
	s.live.remove(s)
	switch {
	case s.ahead == nil:
	case s.closed:
		s.ahead.CloseRead()
	default: // the reader gets what there is
		s.ahead.CloseWrite(cmp.Or(s.lost, net.ErrClosed))
	}
	if s.gone != nil {
		close(s.gone)
	}
}

func (s *stream) stopTimer() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}
