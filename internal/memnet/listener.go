package memnet

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

const backlog = 128 // connections that wait for Accept, as in a kernel

// Listener is a [net.Listener] whose connections come from its Dial method.
// Make it with [Listen].
type Listener struct {
	waiting chan *conn
	done    chan struct{}
	closing sync.Once
	dialled atomic.Int64
}

// Listen returns an open listener.
func Listen() *Listener {
	return &Listener{waiting: make(chan *conn, backlog), done: make(chan struct{})}
}

// Dial connects to the listener. It does not wait for Accept unless very many
// connections already do; then it ends with ctx. A closed listener refuses with
// [syscall.ECONNREFUSED].
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	local := Addr(fmt.Sprintf("client:%d", l.dialled.Add(1)))
	client, server := pipe(local, l.addr())
	err := context.Cause(ctx)
	if err == nil {
		err = l.enqueue(ctx, server)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "mem", Addr: l.addr(), Err: err}
	}
	return client, nil
}

func (l *Listener) enqueue(ctx context.Context, server *conn) error {
	if l.isClosed() {
		return syscall.ECONNREFUSED
	}
	select {
	case l.waiting <- server:
		if l.isClosed() { // perhaps Close missed this one
			l.drop()
		}
		return nil
	case <-l.done:
		return syscall.ECONNREFUSED
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Accept returns the next connection, or [net.ErrClosed] after Close.
func (l *Listener) Accept() (net.Conn, error) {
	if !l.isClosed() {
		select {
		case c := <-l.waiting:
			return c, nil
		case <-l.done:
		}
	}
	return nil, &net.OpError{Op: "accept", Net: "mem", Addr: l.addr(), Err: net.ErrClosed}
}

// Close refuses further connections and closes those not yet accepted;
// accepted ones live on.
func (l *Listener) Close() error {
	l.closing.Do(func() {
		close(l.done)
		l.drop()
	})
	return nil
}

func (l *Listener) drop() {
	for {
		select {
		case c := <-l.waiting:
			c.Close()
		default:
			return
		}
	}
}

// Addr returns the listener's address, the same for all listeners.
func (l *Listener) Addr() net.Addr { return l.addr() }

func (l *Listener) addr() Addr { return "listener:1" }

func (l *Listener) isClosed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}
