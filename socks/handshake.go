package socks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

var handshakes = sync.Pool{New: func() any { return new(wire.Handshake) }}

// handshake reads up to a complete request, until limit. It also returns the bytes behind it.
func (c *conn) handshake(limit time.Time) (*Request, []byte, error) {
	h := handshakes.Get().(*wire.Handshake)
	defer handshakes.Put(h)
	*h = wire.Handshake{RequireAuth: c.srv.Authenticate != nil}
	unheed := c.heed()
	err := c.drive(h, limit)
	if aborted := unheed(); aborted != nil && err != nil { // a request that is complete is answered
		err = aborted
	}
	c.nc.SetDeadline(time.Time{})
	if fail, ok := errors.AsType[*handshakeError](err); ok {
		c.answer(c.ctx, fail.answer)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("socks: handshake: %w", err)
	}
	// The copy lets go of the buffer of the handshake.
	return c.request(h.Request()), append([]byte(nil), h.Rest()...), nil
}

// heed lets the client's context, the end of the server and whoever makes room abort the handshake, until the function that it
// returns is called, which tells why one of them did.
func (c *conn) heed() (unheed func() error) {
	s := c.srv
	s.heed(c)
	if c.ctx == s.live {
		return func() error { return s.unheed(c) }
	}
	stop := context.AfterFunc(c.ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.abort(context.Cause(c.ctx))
	})
	return func() error {
		stop()
		return s.unheed(c)
	}
}

// abort ends the handshake, if it goes on. The caller holds the server's mutex.
func (c *conn) abort(cause error) {
	if _, goesOn := c.srv.shaking[c]; !goesOn || c.aborted != nil {
		return
	}
	c.aborted = cause
	c.nc.SetDeadline(past)
	if c.asking != nil {
		c.asking()
	}
}

// drive does what the handshake asks for until it is done or failed, or the time is over.
func (c *conn) drive(h *wire.Handshake, limit time.Time) error {
	for {
		var err error
		switch st := h.Next(); st.Kind {
		case wire.NeedMore:
			var n int
			n, err = io.ReadAtLeast(c.nc, h.Space(), 1)
			h.Feed(n)
		case wire.Send:
			_, err = c.nc.Write(st.Bytes)
		case wire.Verify:
			h.Verified(c.verify(h.Request(), limit))
		case wire.Done:
			return nil
		case wire.Fail:
			if st.Err == wire.ErrHTTP {
				st.Bytes = []byte(httpAnswer)
			}
			return &handshakeError{answer: st.Bytes, err: st.Err}
		}
		if err != nil {
			return err
		}
	}
}

// verify judges the credentials of a handshake, for which there is time up to limit.
func (c *conn) verify(w *wire.Request, limit time.Time) bool {
	var left time.Duration
	if !limit.IsZero() {
		left = max(time.Until(limit), 1)
	}
	ctx, cancel := withTimeout(c.ctx, left)
	defer cancel()
	c.srv.mu.Lock()
	c.asking = cancel
	aborted := c.aborted != nil
	c.srv.mu.Unlock()
	return !aborted && c.srv.verify(ctx, w)
}

// handshakeError is a client's mistake, with what it is to be told.
type handshakeError struct {
	answer []byte
	err    error
}

func (e *handshakeError) Error() string { return e.err.Error() }
