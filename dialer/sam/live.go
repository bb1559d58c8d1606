package sam

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

// live is a session on the router, from its creation to its end.
type live struct {
	session *Session
	control *control
	ctx     context.Context // ends with the session
	cancel  context.CancelCauseFunc

	accepting chan struct{} // closed once an ACCEPT waits
	accepted  sync.Once

	mu    sync.Mutex
	ended bool
	tasks sync.WaitGroup // what ends with ctx
}

func newLive(s *Session, c *control) *live {
	l := &live{session: s, control: c, accepting: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	return l
}

// run reads the control connection until the session dies, is killed or ctx ends.
func (l *live) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { l.kill(dialer.ErrSessionClosed) })
	defer stop()
	woken := make(chan struct{})
	context.AfterFunc(l.ctx, func() {
		l.control.conn.SetReadDeadline(time.Unix(1, 0))
		close(woken)
	})
	if !l.control.crowded() {
		l.task(l.pulse)
	}
	l.kill(l.control.watch())
	<-woken
	return context.Cause(l.ctx)
}

// kill makes run return. The first cause counts.
func (l *live) kill(cause error) { l.cancel(cause) }

// task runs f in a goroutine that close waits for, unless the session has ended.
func (l *live) task(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.tasks.Go(f)
	}
}

// close ends the pending accepts, then the session. The caller has run kill, and has closed the streams
// if it cares for them: i2pd throws away what they hold when the session goes first.
func (l *live) close() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.tasks.Wait()
	l.control.removeAll()
	l.control.conn.Close()
}

// within returns a context that ends with ctx and with the session.
func (l *live) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.ctx, func() {
		cancel(fmt.Errorf("%w: the session ended", dialer.ErrRouterDown))
	})
	return ctx, func() { stop(); cancel(nil) }
}

// open returns a fresh connection to the session's bridge for one stream.
func (l *live) open(ctx context.Context) (net.Conn, error) {
	conn, _, err := l.control.bridge.open(ctx)
	return conn, err
}
