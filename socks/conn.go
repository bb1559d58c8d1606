package socks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// How long a client may take to fetch a failure, or the end of a stream, while
// what it still sends is thrown away. Closing on unread bytes would reset the
// connection, and what the client has not fetched would be lost.
const (
	answerTime = time.Second
	lingerTime = 5 * time.Second
)

// refusalTimeout bounds the handshake of a client that will be refused anyway.
const refusalTimeout = 5 * time.Second

// conn is a client's connection.
type conn struct {
	srv *Server
	nc  net.Conn
	id  string // of the listener

	place *place
	// begin is called when a stream is about to begin. It is false if the server
	// is closing; afterwards only live, not open, ends the stream.
	begin func() bool

	start    time.Time // when the request was complete
	report   Report
	observer Observer // nil if nobody wants to see the client's traffic
}

// serve runs a client from its first byte to its last.
func (s *Server) serve(ctx context.Context, nc net.Conn, id string, p *place) error {
	defer s.leave(p)
	defer nc.Close()
	if err := nc.SetDeadline(time.Time{}); err != nil {
		return fmt.Errorf("socks: connection cannot be interrupted: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.live, func() { cancel(ErrServerClosed) })()
	setup, abort := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.open, func() { abort(ErrServerClosed) })
	c := &conn{srv: s, nc: nc, id: id, place: p, begin: func() bool {
		defer abort(nil) // a stream that lives for hours needs it no more
		return stop()
	}}
	defer c.begin()

	timeout := setting(s.HandshakeTimeout, defaultHandshakeTimeout)
	if p.refused && (timeout == 0 || timeout > refusalTimeout) {
		timeout = refusalTimeout
	}
	if s.Hooks != nil && s.Hooks.Conn != nil && !p.refused {
		s.Hooks.Conn(nc.RemoteAddr())
	}
	s.enters(p, abort)
	req, early, err := c.handshake(setup, timeout)
	s.entered(p)
	if err != nil {
		s.log().Debug("socks handshake failed", "err", err)
		return err
	}
	c.begun(req)
	err = c.handle(ctx, setup, req, early)
	c.done(err)
	return err
}

// handle does what a request asks for.
func (c *conn) handle(ctx, setup context.Context, req *Request, early []byte) error {
	if silent, err := c.srv.identify(c.place, req); silent {
		return err
	} else if err != nil {
		return c.refuse(ctx, req, err)
	}
	switch {
	case !knownForm(req.Username):
		return c.refuse(ctx, req, &ReplyError{Reply: NotAllowed, Err: errExtendedForm})
	}
	if err := c.observe(ctx, req); err != nil {
		return c.refuse(ctx, req, err)
	}
	switch req.Command {
	case Connect:
		return c.connect(ctx, setup, req, early)
	case Bind:
		return c.bind(ctx, setup, req, early)
	case Associate:
		return c.associate(ctx, setup, req, early)
	}
	return c.resolve(ctx, setup, req, early)
}

// handshake reads up to a complete request. It also returns the bytes behind it.
func (c *conn) handshake(ctx context.Context, timeout time.Duration) (*Request, []byte, error) {
	step, cancel := withTimeout(ctx, timeout)
	defer cancel()
	release := interrupt(step, c.nc)
	h := &wire.Handshake{RequireAuth: c.srv.Authenticate != nil}
	err := c.drive(step, h)
	release()
	if fail, ok := errors.AsType[*handshakeError](err); ok {
		c.answer(ctx, fail.answer)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("socks: handshake: %w", err)
	}
	// The copy lets go of the buffer of the handshake.
	return c.request(h.Request()), slices.Clone(h.Rest()), nil
}

// drive does what the handshake asks for until it is done or failed.
func (c *conn) drive(ctx context.Context, h *wire.Handshake) error {
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
			h.Verified(c.srv.verify(ctx, h.Request()))
		case wire.Done:
			return nil
		case wire.Fail:
			if st.Err == wire.ErrHTTP {
				st.Bytes = []byte(httpAnswer)
			}
			return &handshakeError{answer: st.Bytes, err: st.Err}
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
	}
}

// handshakeError is a client's mistake, with what it is to be told.
type handshakeError struct {
	answer []byte
	err    error
}

func (e *handshakeError) Error() string { return e.err.Error() }

// refuse answers a request with the code for err, and returns err as one that names the code.
func (c *conn) refuse(ctx context.Context, req *Request, err error) error {
	reply := c.srv.reply(err, req.IP.IsValid())
	c.srv.log().Debug("socks request failed", "request", req, "reply", reply.String())
	c.answered(reply)
	c.answer(ctx, failureMessage(req.Version, reply))
	if e, ok := errors.AsType[*ReplyError](err); ok && e.Reply == reply {
		return err
	}
	return &ReplyError{Reply: reply, Err: err}
}

// answer writes the last message, which may be empty, and lets the client fetch it.
func (c *conn) answer(ctx context.Context, msg []byte) {
	if len(msg) == 0 {
		return
	}
	ctx, cancel := withTimeout(ctx, answerTime)
	defer cancel()
	defer interrupt(ctx, c.nc)()
	if _, err := c.nc.Write(msg); err == nil {
		c.drain()
	}
}

// linger lets the client fetch the end of its stream.
func (c *conn) linger(ctx context.Context) {
	ctx, cancel := withTimeout(ctx, lingerTime)
	defer cancel()
	c.nc.SetDeadline(time.Time{}) // the relay may have left one
	defer interrupt(ctx, c.nc)()
	c.drain()
}

// drain ends our direction and throws away what the client still sends.
func (c *conn) drain() {
	if w, ok := c.nc.(halfCloser); ok {
		w.CloseWrite()
	}
	io.Copy(io.Discard, c.nc)
}
