package socks

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// maxEarly is how many bytes a client may send before it knows of success.
// Beyond, it is made to wait, and its leaving is not noticed.
const maxEarly = 16 << 10

// soon is how long nobody looks whether the client leaves. Dials that take no longer are cheaper so.
const soon = 5 * time.Millisecond

var errClientLeft = errors.New("socks: client left before its request was answered")

// prepare runs work for a request, within DialTimeout and while the client waits. See attend.
func prepare[T any](ctx context.Context, c *conn, req *Request, early []byte,
	work func(context.Context, *Request) (T, error), drop func(T)) (result T, _ []byte, err error) {
	exit, err := c.srv.enter(c.place, pending)
	if err != nil {
		return result, nil, err
	}
	ctx, cancel := withTimeout(ctx, setting(c.srv.DialTimeout, DefaultDialTimeout))
	defer cancel()
	own := *req // a dialer that overstays shares nothing with us
	return attend(ctx, cancel, c, req, early, func(ctx context.Context) (T, error) {
		defer exit()
		return work(ctx, &own)
	}, drop)
}

// attend runs work and, if that takes longer than soon, meanwhile reads from the client: to notice that it
// leaves, which ends work, and to keep what it sends early. If work overstays its time, the client is told so without
// it: then what work brings goes to drop, and the error is errStreaming, as the client is not the caller's any more. cancel ends
// ctx.
func attend[T any](ctx context.Context, cancel context.CancelFunc, c *conn, req *Request, early []byte,
	work func(context.Context) (T, error), drop func(T)) (_ T, _ []byte, err error) {
	a := &attendant{conn: c, req: req, ctx: ctx, cancel: cancel, early: early, ended: make(chan struct{}), worked: make(chan struct{})}
	timer := time.AfterFunc(soon, a.run)
	value, err := work(ctx)
	if timer.Stop() {
		return value, early, err
	}
	close(a.worked)
	a.bell.ring()
	<-a.ended
	if !a.tookOver {
		return value, a.early, err
	}
	if err == nil {
		drop(value)
	}
	var none T
	return none, nil, errStreaming
}

// attendant is with a client while work goes on for it.
type attendant struct {
	conn   *conn
	req    *Request
	ctx    context.Context
	cancel context.CancelFunc
	bell   bell
	worked chan struct{} // closed when work is done

	ended    chan struct{} // closed when these are set
	early    []byte
	tookOver bool
}

func (a *attendant) run() {
	cause := a.watch()
	a.tookOver = cause != nil
	close(a.ended)
	if cause == nil {
		return
	}
	a.cancel()
	c := a.conn
	err := c.fail(c.ctx, a.req, cause)
	c.done(err)
	c.close(err)
}

// watch returns why the client has to be let go, or nil once work is done.
func (a *attendant) watch() error {
	if a.bell.attach(a.conn.nc) {
		stop := context.AfterFunc(a.ctx, a.bell.ring)
		var err error
		a.early, err = readEarly(a.conn.nc, a.early)
		stop()
		if rung := a.bell.detach(); err != nil && !rung {
			return errClientLeft
		}
	}
	select {
	case <-a.worked:
		return nil
	case <-a.ctx.Done():
		return context.Cause(a.ctx)
	}
}

// bell interrupts who reads from a connection.
type bell struct {
	mu   sync.Mutex
	nc   net.Conn // nil while nobody reads
	rung bool
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = true
	if b.nc != nil {
		b.nc.SetReadDeadline(past)
	}
}

// attach is false if it has rung already.
func (b *bell) attach(nc net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.rung {
		b.nc = nc
	}
	return !b.rung
}

// detach removes the deadline, and reports whether it has rung.
func (b *bell) detach() (rung bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nc.SetReadDeadline(time.Time{})
	b.nc = nil
	return b.rung
}

// readEarly appends what nc sends until it fails or early is full.
func readEarly(nc net.Conn, early []byte) ([]byte, error) {
	for len(early) < maxEarly {
		early = slices.Grow(early, 512)
		n, err := nc.Read(early[len(early):min(cap(early), maxEarly)])
		early = early[:len(early)+n]
		if err != nil {
			return early, err
		}
	}
	return early, nil
}

// interrupt makes what blocks on nc fail once ctx ends. The function it returns
// puts an end to that, and to all deadlines of nc.
func interrupt(ctx context.Context, nc net.Conn) (release func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		nc.SetDeadline(past)
		close(done)
	})
	return func() {
		if !stop() {
			<-done
		}
		nc.SetDeadline(time.Time{})
	}
}

// withTimeout is context.WithTimeout for which 0 is no limit.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
