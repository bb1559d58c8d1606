package onramp

import (
	"net"
	"sync"

	"github.com/go-i2p/i2psocks/dialer"
)

// stream is a connection of onramp with addresses that do not print the long form.
type stream struct {
	net.Conn
	b             *Backend
	local, remote dialer.Addr
}

// track makes a stream one of the backend's.
func (b *Backend) track(conn net.Conn, remote dialer.Addr) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		conn.Close()
		return nil, dialer.OpError("dial", remote, dialer.ErrSessionClosed)
	}
	s := &stream{Conn: conn, b: b, local: dialer.AddrOf(b.destination, 0), remote: remote}
	if b.streams == nil {
		b.streams = make(map[*stream]struct{})
	}
	b.streams[s] = struct{}{}
	return s, nil
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }

func (s *stream) Close() error {
	s.b.mu.Lock()
	delete(s.b.streams, s)
	s.b.mu.Unlock()
	return s.Conn.Close()
}

// listener hands out what the session accepts.
type listener struct {
	b     *Backend
	at    dialer.Addr
	conns chan net.Conn
	done  chan struct{} // closed at the end
	once  sync.Once
	err   error // valid after done
}

func newListener(b *Backend, at dialer.Addr) *listener {
	return &listener{b: b, at: at, conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, dialer.OpError("accept", l.at, l.err)
	}
}

func (l *listener) Addr() net.Addr { return l.at }

// Close stops handing out streams. The session goes on.
func (l *listener) Close() error {
	l.b.mu.Lock()
	if l.b.listener == l {
		l.b.listener = nil
	}
	l.b.mu.Unlock()
	l.end(net.ErrClosed)
	return nil
}

func (l *listener) end(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.done)
	})
}
