package socks

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"
)

// maxEarly is how many bytes a client may send before it knows of success.
// Beyond, it is made to wait, and its leaving is not noticed.
const maxEarly = 16 << 10

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

// await runs work and meanwhile reads from the client: to notice that it
// leaves, which ends work, and to keep what it sends early. What work brings too late goes to drop.
func await[T any](ctx context.Context, nc net.Conn, early []byte,
	work func(context.Context) (T, error), drop func(T)) (_ T, _ []byte, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	working, worked := context.WithCancel(ctx)
	type result struct {
		value T
		err   error
	}
	results, gone := make(chan result), make(chan struct{})
	defer close(gone)
	go func() {
		value, err := work(ctx)
		worked()
		select {
		case results <- result{value, err}:
		case <-gone:
			if err == nil {
				drop(value)
			}
		}
	}()

	release := interrupt(working, nc)
	early, err = readEarly(nc, early)
	left := err != nil && working.Err() == nil
	release()
	var none T
	if left {
		return none, nil, errClientLeft
	}
	select {
	case r := <-results:
		return r.value, early, r.err
	case <-ctx.Done():
		return none, nil, context.Cause(ctx)
	}
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
