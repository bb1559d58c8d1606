package i2cp

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/keys"
)

// Dial is DialContext without a context; DialTimeout bounds it.
func (s *Session) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

// DialContext opens a stream to "host:port", where the host is a base32 name, a base64 destination, or a name that
// the router knows. network is "tcp", "tcp4", "tcp6" or "i2p", which are equivalent.
//
// It succeeds when the peer has answered. An answer of an i2pd means that the destination is online; if no program
// accepts the stream there, it ends after 10 s. Errors are *net.OpError that wrap the Err values of package dialer.
//
// Through i2pd, which loses messages to a peer that has not answered, only one dial at a time contacts a destination
// that has been silent for 80 s. Others wait for its result.
//
// Beside the methods of a net.Conn the stream has CloseWrite() error, SetLinger(sec int) error and SetHalfClose(on
// bool) error. CloseWrite informs the peer at once if it is known to support half-close, otherwise when the peer has
// closed its side, because i2pd closes both directions. SetHalfClose(true) informs it at once in any case.
// SetLinger(0) makes Close reset the stream.
func (s *Session) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := dialer.ParseTarget(network, address)
	if err != nil {
		return nil, dialer.OpError("dial", nil, err)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	st, err := s.dial(ctx, to)
	if err != nil {
		return nil, dialer.OpError("dial", to.Addr, dialError(err))
	}
	return st, nil
}

func (s *Session) dial(ctx context.Context, to dialer.Target) (*stream, error) {
	d, err := s.resolve(ctx, to)
	if err != nil {
		return nil, err
	}
	if _, err := s.await(ctx); err != nil {
		return nil, err
	}
	to.Addr.Destination = d
	return s.machine.dial(ctx, d, to.Addr)
}

// dial opens a stream, and waits until the peer has answered.
func (m *machine) dial(ctx context.Context, d keys.Destination, remote dialer.Addr) (*stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.queue(ctx, d); err != nil {
		return nil, err
	}
	var failed error
	defer func() { m.unqueue(d, failed) }()
	es, err := m.engine.Dial(d, 0, remote.Port)
	if err != nil {
		return nil, err
	}
	st := m.newStream(es, dialer.AddrOf(m.self, 0), remote)
	m.settle()
	defer m.wakeAt(ctx, &st.readable)()
	for !es.Opened() && !es.Ended() && ctx.Err() == nil && !st.closed {
		st.readable.Wait()
	}
	switch {
	case es.Opened() && es.Err() == nil && !st.closed:
		return st, nil
	case st.closed:
		err = dialer.ErrSessionClosed
	case es.Ended():
		err = es.Err()
		failed = err
	default:
		err = keeper.ContextError(ctx)
		if st.why != nil {
			err = fmt.Errorf("%w (%v)", err, st.why)
		}
	}
	st.closed = true
	es.Abort(err)
	m.settle()
	return nil, err
}

// wakeAt wakes who waits for a condition of the machine when ctx ends, until the returned function is called.
func (m *machine) wakeAt(ctx context.Context, c *sync.Cond) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		c.Broadcast()
	})
}
