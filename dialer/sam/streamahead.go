package sam

import (
	"fmt"
	"io"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

// What becomes of a stream whose reader let it wait longer than there was memory for.
const (
	heldUp  = time.Second     // so long at once, and the router may have thrown something away
	alive   = time.Second     // what comes after so long a silence does so only if it has not
	endLost = 5 * time.Minute // silence after which it has
)

var errEndLost = fmt.Errorf("%w: more than could be read ahead was left unread, and then nothing came any more, so the end may be lost", dialer.ErrLimit)

// aheadOfReader reports whether the stream is to be read ahead, as the router throws away what waits
// when the peer closes.
func (s *stream) aheadOfReader() bool { return s.live.profile.lossy && s.live.session.readAhead() > 0 }

// takeAhead starts to read ahead, unless somebody reads the connection. The caller holds mu.
func (s *stream) takeAhead() {
	if s.ahead != nil || s.raw || s.closed || s.finished || s.readers > 0 {
		return
	}
	s.stopTimer()
	s.ahead = bytequeue.New(s.live.session.readAhead(), s.live.session.budget)
	s.ahead.SetReadDeadline(s.readDeadline)
	s.conn.SetReadDeadline(time.Time{})
	go s.readAhead(s.ahead)
}

// readAhead moves what comes into the queue until the stream ends.
func (s *stream) readAhead(q *bytequeue.Queue) {
	held := false // something may have been thrown away
	for {
		begin := time.Now()
		room, err := q.Reserve()
		if err != nil { // closed here
			drain(s.conn)
			s.cut()
			return
		}
		ready := time.Now()
		var doubt *time.Timer
		if held = held || s.live.profile.lossy && ready.Sub(begin) >= heldUp; held {
			doubt = time.AfterFunc(endLost, func() { s.lose(errEndLost); s.cut() })
		}
		n, err := s.conn.Read(room)
		q.Commit(n)
		if held {
			doubt.Stop()
			held = time.Since(ready) < alive
		}
		if err != nil {
			s.endAhead(q, err)
			return
		}
	}
}

// endAhead gives the end of the connection to the reader: of a session that was lost it is that.
func (s *stream) endAhead(q *bytequeue.Queue, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost != nil && err != io.EOF {
		err = s.lost
	}
	q.CloseWrite(err)
	if s.closed || s.lost != nil {
		s.finish()
	}
}
