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

// DialContext opens a stream to "host:port", where the host is a base32 name, a base64 destination, or a name that the
// router knows. network is "tcp", "tcp4", "tcp6" or "i2p", which mean the same.
//
// It succeeds when the peer has answered, and only then. That an i2pd has answered means that the destination is online; if
// no program takes the stream there, it ends after 10 s. The errors are [*net.OpError] around the Err values of package
// dialer.
//
// The stream has the methods CloseWrite() error, SetLinger(sec int) error and SetHalfClose(on bool) error beside those of
// a net.Conn: CloseWrite tells the peer at once where it is known to bear that, else when it has closed itself, since
// i2pd ends both directions; SetHalfClose(true) tells it at once in any case. SetLinger(0) makes Close a reset.
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

// maxDials is how many calls of one destination wait for their answers at once. The rest wait for them: routers push
// back no more than for data, and cut off a pair of which too much is lost.
const maxDials = 64

// dial opens a stream, and waits until the peer has answered.
func (m *machine) dial(ctx context.Context, d keys.Destination, remote dialer.Addr) (*stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hash := d.Hash()
	if err := m.queue(ctx, hash); err != nil {
		return nil, err
	}
	defer m.unqueue(hash)
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

// queue waits for the caller's turn among those who dial a destination. The caller holds mu.
func (m *machine) queue(ctx context.Context, hash [32]byte) error {
	defer m.wakeAt(ctx, &m.dialled)()
	for m.dials[hash] >= maxDials && ctx.Err() == nil && !m.closed {
		m.dialled.Wait()
	}
	switch {
	case m.closed:
		return dialer.ErrSessionClosed
	case ctx.Err() != nil:
		return keeper.ContextError(ctx)
	}
	m.dials[hash]++
	return nil
}

func (m *machine) unqueue(hash [32]byte) {
	if m.dials[hash]--; m.dials[hash] == 0 {
		delete(m.dials, hash)
	}
	m.dialled.Broadcast()
}

// wakeAt wakes who waits for a condition of the machine when ctx ends, until the returned function is called.
func (m *machine) wakeAt(ctx context.Context, c *sync.Cond) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		c.Broadcast()
	})
}
