package sam

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

// stream is an I2P stream: the connection to the bridge behind its status line. It has no CloseWrite, since
// a half-close over SAM ends both directions.
type stream struct {
	conn          net.Conn
	local, remote dialer.Addr
	live          *live

	lastWrite atomic.Int64 // nanoseconds since epoch of the last write; 0 before the first
	writing   atomic.Int32 // writes in progress

	mu           sync.Mutex
	readDeadline time.Time
	readers      int              // reads of conn in progress
	ahead        *bytequeue.Queue // what was read ahead; nil while nothing is
	raw          bool             // somebody else reads conn
	closed       bool             // by who uses it
	lost         error            // why the session has ended, if that ended the stream
	timer        *time.Timer      // to read ahead, then to close
	deadline     time.Time        // when to close in any case
	behind       bool             // the router had not taken all that was written, when it was looked at last
	finished     bool             // conn is closed
	gone         chan struct{}    // closed when finished is set; nil unless somebody waits for that
}

// aheadAfter is how long a stream may be left unread before it is read ahead.
const aheadAfter = 200 * time.Millisecond

var epoch = time.Now()

// traffic counts what the streams of a session did, in all its life.
type traffic struct{ open, received, sent atomic.Int64 }

// newStream takes over conn. It returns nil, closing conn, if the session is closed.
func (l *live) newStream(conn net.Conn, remote dialer.Addr) *stream {
	s := &stream{conn: conn, remote: remote, local: l.local, live: l}
	if !l.add(s) {
		conn.Close()
		return nil
	}
	if s.aheadOfReader() {
		s.mu.Lock()
		s.timer = time.AfterFunc(aheadAfter, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.takeAhead()
		})
		s.mu.Unlock()
	}
	return s
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }

// Raw returns the connection that carries the stream, for a caller that moves its bytes itself from now on,
// in both directions, and tells Moved. It reports false if bytes were read ahead: then only the stream can be read.
func (s *stream) Raw() (net.Conn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ahead != nil || s.closed || s.lost != nil {
		return nil, false
	}
	s.stopTimer()
	s.raw = true
	return s.conn, true
}

// Moved adds bytes that were moved over the connection of Raw to the session's Status.
func (s *stream) Moved(read, written int) {
	s.live.session.traffic.received.Add(int64(read))
	s.live.session.traffic.sent.Add(int64(written))
}

func (s *stream) Read(p []byte) (n int, err error) {
	q, err := s.startRead()
	switch {
	case err != nil:
		return 0, err
	case q != nil:
		n, err = q.Read(p)
	default:
		n, err = s.conn.Read(p)
		s.endRead()
	}
	s.Moved(n, 0)
	return n, s.explain("read", err)
}

// startRead returns where to read from: the queue of what is read ahead, or nil for the connection
// itself, after which endRead must follow.
func (s *stream) startRead() (*bytequeue.Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, dialer.OpError("read", s.remote, net.ErrClosed)
	}
	if s.ahead == nil && s.aheadOfReader() {
		s.takeAhead()
	}
	if s.ahead == nil {
		s.readers++
	}
	return s.ahead, nil
}

func (s *stream) endRead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers--
	if s.closed {
		s.discard()
	}
}

func (s *stream) Write(p []byte) (int, error) {
	if err := s.usable("write"); err != nil {
		return 0, err
	}
	defer s.wrote()()
	n, err := s.conn.Write(p)
	s.Moved(0, n)
	return n, s.explain("write", err)
}

// usable returns the error of all that is done after Close.
func (s *stream) usable(op string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return dialer.OpError(op, s.remote, net.ErrClosed)
	}
	return nil
}

// explain makes one error of all that the end of a closed stream, or of its session, can look like.
func (s *stream) explain(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return dialer.OpError(op, s.remote, net.ErrClosed)
	case s.lost != nil && s.finished:
		return dialer.OpError(op, s.remote, s.lost)
	}
	return err
}

// countEach is after how many bytes of a ReadFrom Status knows of them.
const countEach = 1 << 20

// ReadFrom implements [io.ReaderFrom], so that the kernel can splice from another connection.
func (s *stream) ReadFrom(r io.Reader) (total int64, err error) {
	if err := s.usable("write"); err != nil {
		return 0, err
	}
	defer s.wrote()()
	for n := int64(countEach); n == countEach && err == nil; total += n {
		n, err = io.Copy(s.conn, &io.LimitedReader{R: r, N: countEach})
		s.Moved(0, int(n))
	}
	return total, s.explain("write", err)
}

// wrote notes a write that begins, and returns what notes its end.
func (s *stream) wrote() func() {
	s.writing.Add(1)
	return func() {
		s.lastWrite.Store(int64(time.Since(epoch)))
		s.writing.Add(-1)
	}
}

func (s *stream) SetDeadline(t time.Time) error {
	if err := s.SetReadDeadline(t); err != nil {
		return err
	}
	return s.SetWriteDeadline(t)
}

func (s *stream) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return dialer.OpError("set", s.remote, net.ErrClosed)
	}
	if s.readDeadline = t; s.ahead != nil {
		s.ahead.SetReadDeadline(t)
		return nil
	}
	return s.conn.SetReadDeadline(t)
}

func (s *stream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return dialer.OpError("set", s.remote, net.ErrClosed)
	}
	return s.conn.SetWriteDeadline(t)
}

// Format keeps fmt from printing the peer.
func (s *stream) Format(w fmt.State, _ rune) { io.WriteString(w, "sam.Conn") }
