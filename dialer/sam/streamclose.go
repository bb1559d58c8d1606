package sam

import (
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

// maxLinger bounds the time a closed stream waits for a router that takes nothing more.
const maxLinger = time.Minute

// Close ends both directions. Blocked reads and writes fail. On i2pd the connection stays open behind the
// scenes until the router had time to send on what was written.
func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return dialer.OpError("close", s.remote, net.ErrClosed)
	}
	s.closed = true
	if s.pending != nil {
		s.pending.Stop()
	}
	if s.ahead != nil {
		s.ahead.CloseRead()
	}
	wait := s.unsettled()
	if wait <= 0 {
		s.finish()
		return nil
	}
	s.conn.SetWriteDeadline(time.Unix(1, 0))
	if s.ahead == nil {
		s.conn.SetReadDeadline(time.Unix(1, 0))
	}
	s.lingerEnd = time.Now().Add(maxLinger)
	s.linger = time.AfterFunc(wait, s.lingered)
	return nil
}

// unsettled returns how long the router still needs. The caller holds mu.
func (s *stream) unsettled() time.Duration {
	if !s.lossy {
		return 0
	}
	if s.raw || s.writing.Load() > 0 {
		return linger // nobody knows when the last write was
	}
	last := s.lastWrite.Load()
	if last == 0 {
		return 0
	}
	return linger - (time.Since(epoch) - time.Duration(last))
}

// lingered closes the connection once the router has taken all that was written.
func (s *stream) lingered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if unsent(s.conn) && time.Now().Before(s.lingerEnd) {
		s.linger.Reset(linger)
		return
	}
	s.finish()
}

// cut closes the connection at once.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.linger != nil {
		s.linger.Stop()
	}
	s.finish()
}

// finish closes the connection. The caller holds mu.
func (s *stream) finish() {
	s.conn.Close()
	s.session.streams.remove(s)
}
