package socks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
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

// errStreaming is returned where a client goes on without its first goroutine, which then must not touch it any more: with its
// stream, see conn.streamed, or with the answer that it is told in place of a dialer that overstays its time.
var errStreaming = errors.New("socks: client goes on by itself")

// conn is a client's connection.
type conn struct {
	srv   *Server
	nc    net.Conn
	id    string // of the listener
	place *place
	ctx   context.Context // of ServeConn, else the server's
	over  func(error)     // called last; nil does not
	free  func()          // lets go of what hooks have given to ctx; nil does nothing

	aborted error              // why the handshake was ended early; guarded by the server's mutex
	asking  context.CancelFunc // ends what Authenticate does; nil before it is asked; guarded by that mutex
	settled func()             // lets go of the context for the time before the stream; nil does nothing

	start    time.Time // when the request was complete
	port     uint16
	report   Report
	observer Observer // nil if nobody wants to see the client's traffic
}

// serve runs a client from its first byte to its last, or to the beginning of its stream.
func (c *conn) serve() {
	if err := c.converse(); err != errStreaming {
		c.close(err)
	}
}

// close is the end of a client.
func (c *conn) close(err error) {
	c.nc.Close()
	if c.free != nil {
		c.free()
	}
	c.srv.leave(c.place)
	if c.over != nil {
		c.over(err)
	}
}

func (c *conn) converse() error {
	s, p := c.srv, c.place
	timeout := setting(s.HandshakeTimeout, defaultHandshakeTimeout)
	if p.refused && (timeout == 0 || timeout > refusalTimeout) {
		timeout = refusalTimeout
	}
	var limit time.Time
	if timeout > 0 {
		limit = time.Now().Add(timeout)
	}
	if err := c.nc.SetDeadline(limit); err != nil {
		return fmt.Errorf("socks: connection cannot be interrupted: %w", err)
	}
	if !p.refused {
		c.met()
	}
	req, early, err := c.handshake(limit)
	s.entered(p)
	if err != nil {
		s.log().Debug("socks handshake failed", "err", err)
		return err
	}
	c.begun(req)
	setup := c.setup()
	defer c.settle()
	if err = c.handle(c.ctx, setup, req, early); err != errStreaming {
		c.done(err)
	}
	return err
}

// setup returns what ends with the client's context, and when no new stream may begin, for the time before the stream.
// Of most clients it is the server's own.
func (c *conn) setup() context.Context {
	s := c.srv
	if c.ctx == s.live {
		return s.open
	}
	ctx, cancel := context.WithCancelCause(c.ctx)
	stop := context.AfterFunc(s.open, func() { cancel(ErrServerClosed) })
	c.settled = func() { stop(); cancel(nil) }
	return ctx
}

// settle lets go of what setup has made: a stream that lives for hours needs it no more.
func (c *conn) settle() {
	if c.settled != nil {
		c.settled()
	}
}

// begin is called when a stream is about to begin. It is false if the server is closing; afterwards only the end of
// ctx or of the server ends the stream.
func (c *conn) begin() bool {
	c.srv.mu.Lock()
	closed := c.srv.closed
	c.srv.mu.Unlock()
	if !closed {
		c.settle()
	}
	return !closed
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
