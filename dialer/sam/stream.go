package sam

import (
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
	session       *Session
	lossy         bool // the router throws away what is not read or closed in its own time

	lastWrite atomic.Int64 // nanoseconds since epoch of the last write; 0 before the first
	writing   atomic.Int32 // writes in progress

	mu           sync.Mutex
	readDeadline time.Time
	ahead        *bytequeue.Queue // what was read ahead; nil while nothing is
	pending      *time.Timer      // starts reading ahead
	raw          bool             // somebody else reads conn
	closed       bool
	linger       *time.Timer
	lingerEnd    time.Time
}

// linger is how long after the last write an i2pd router needs before a close, not to lose the end.
const linger = time.Second

// aheadAfter is how long a stream may be left unread before it is read ahead.
const aheadAfter = 200 * time.Millisecond

var epoch = time.Now()

// newStream takes over conn. It returns nil, closing conn, if the session is closed.
func (l *live) newStream(conn net.Conn, remote dialer.Addr) *stream {
	s := &stream{
		conn: conn, remote: remote, local: dialer.AddrOf(l.session.Identity.Destination(), 0),
		session: l.session, lossy: l.control.router.kind == i2pd,
	}
	if !l.session.streams.add(s) {
		conn.Close()
		return nil
	}
	if s.lossy && l.session.readAhead() > 0 {
		s.mu.Lock()
		s.pending = time.AfterFunc(aheadAfter, func() { s.reader() })
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
	if s.ahead != nil || s.closed {
		return nil, false
	}
	if s.pending != nil {
		s.pending.Stop()
	}
	s.raw = true
	return s.conn, true
}

// Moved adds bytes that were moved over the connection of Raw to the session's Status.
func (s *stream) Moved(read, written int) {
	s.session.streams.received.Add(int64(read))
	s.session.streams.sent.Add(int64(written))
}

// reader returns where to read from: the queue of what is read ahead, or nil for the connection
// itself. It starts reading ahead where that is needed.
func (s *stream) reader() *bytequeue.Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending == nil || s.ahead != nil || s.raw || s.closed {
		return s.ahead
	}
	s.pending.Stop()
	s.ahead = bytequeue.New(s.session.readAhead(), s.session.budget)
	s.ahead.SetReadDeadline(s.readDeadline)
	s.conn.SetReadDeadline(time.Time{})
	go s.readAhead(s.ahead)
	return s.ahead
}

// readAhead moves what comes into the queue until the stream ends.
func (s *stream) readAhead(q *bytequeue.Queue) {
	for {
		room, err := q.Reserve()
		if err != nil {
			io.Copy(io.Discard, s.conn) // closed here: keep the router from resetting what was written
			return
		}
		n, err := s.conn.Read(room)
		if q.Commit(n); err != nil {
			q.CloseWrite(err)
			return
		}
	}
}

func (s *stream) Read(p []byte) (int, error) {
	from := io.Reader(s.conn)
	if q := s.reader(); q != nil {
		from = q
	}
	n, err := from.Read(p)
	s.Moved(n, 0)
	return n, s.explain("read", err)
}

func (s *stream) Write(p []byte) (int, error) {
	defer s.wrote()()
	n, err := s.conn.Write(p)
	s.Moved(0, n)
	return n, s.explain("write", err)
}

// explain makes one error of all that the end of a closed stream can look like.
func (s *stream) explain(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return dialer.OpError(op, s.remote, net.ErrClosed)
	}
	return err
}

// countEach is after how many bytes of a ReadFrom Status knows of them.
const countEach = 1 << 20

// ReadFrom implements [io.ReaderFrom], so that the kernel can splice from another connection.
func (s *stream) ReadFrom(r io.Reader) (total int64, err error) {
	defer s.wrote()()
	for n := int64(countEach); n == countEach && err == nil; total += n {
		n, err = io.Copy(s.conn, &io.LimitedReader{R: r, N: countEach})
		s.Moved(0, int(n))
	}
	return total, err
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
	s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

func (s *stream) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readDeadline = t; s.ahead != nil {
		s.ahead.SetReadDeadline(t)
		return nil
	}
	return s.conn.SetReadDeadline(t)
}

func (s *stream) SetWriteDeadline(t time.Time) error { return s.conn.SetWriteDeadline(t) }
