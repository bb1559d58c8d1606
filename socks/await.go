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

// prepare runs work for a request, within DialTimeout and while the client waits. See await.
func prepare[T any](ctx context.Context, c *conn, req *Request, early []byte,
	work func(context.Context, *Request) (T, error), drop func(T)) (result T, _ []byte, err error) {
	s := c.srv
	exit, err := s.enter(c.place, pending)
	if err != nil {
		return result, nil, err
	}
	ctx, cancel := withTimeout(ctx, setting(s.DialTimeout, defaultDialTimeout))
	defer cancel()
	own := *req // a dialer that overstays shares nothing with us
	return await(ctx, c.nc, early, func(ctx context.Context) (T, error) {
		defer exit()
		return work(ctx, &own)
	}, drop)
}

// await runs work and, if that takes longer than soon, meanwhile reads from the client: to notice that it
// leaves, which ends work, and to keep what it sends early. What work brings too late goes to drop.
func await[T any](ctx context.Context, nc net.Conn, early []byte,
	work func(context.Context) (T, error), drop func(T)) (_ T, _ []byte, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	results, gone := make(chan result), make(chan struct{})
	defer close(gone)
	var bell bell
	go func() {
		value, err := work(ctx)
		bell.ring()
		select {
		case results <- result{value, err}:
		case <-gone:
			if err == nil {
				drop(value)
			}
		}
	}()
	timer := time.NewTimer(soon)
	defer timer.Stop()
	select {
	case r := <-results:
		return r.value, early, r.err
	case <-timer.C:
	case <-ctx.Done():
	}

	var none T
	if bell.attach(nc) {
		stop := context.AfterFunc(ctx, bell.ring)
		early, err = readEarly(nc, early)
		stop()
		if left := !bell.detach(); err != nil && left {
			return none, nil, errClientLeft
		}
	}
	select {
	case r := <-results:
		return r.value, early, r.err
	case <-ctx.Done():
		return none, nil, context.Cause(ctx)
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
