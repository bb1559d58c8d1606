package socks

import (
	"context"
	"net"
	"time"
)

// Hooks are called by a [Server]. Any may be nil. They run in the goroutine of the client, which waits for them, and
// may run concurrently.
//
// The context is that of the client. Conn and Request may return a derived context, which is then used for the
// following hooks and for all work on the request, such as policy, Select and dialer. A trace span that Request
// starts is thus the parent of the dialer's spans, and Done can end it. Nil means no change.
//
// A hook that panics is logged with its stack, and counts as one that returned nil.
type Hooks struct {
	// Conn is called for each client that is accepted, before its first byte is read.
	Conn func(ctx context.Context, client net.Addr) context.Context
	// Request is called with each complete request, before Allow. The hook must not change the request.
	Request func(ctx context.Context, r *Request) context.Context
	// Done is called when a request has ended, successfully or not.
	Done func(ctx context.Context, r Report)
}

// met calls the hook for a client that is let in.
func (c *conn) met() {
	if h := c.srv.Hooks; h != nil && h.Conn != nil {
		c.value(c.srv.derive("Hooks.Conn", func() context.Context { return h.Conn(c.ctx, c.nc.RemoteAddr()) }))
	}
}

// derive calls a hook; one that panics has derived nothing.
func (s *Server) derive(name string, hook func() context.Context) (derived context.Context) {
	var err error
	defer s.contain(name, &err)
	return hook()
}

// value gives the client's context the values of one that a hook has derived from it. It still ends as it did.
func (c *conn) value(derived context.Context) {
	if derived == nil || derived == c.ctx {
		return
	}
	before := c.free
	ctx, stop := valued(c.ctx, derived)
	c.ctx, c.free = ctx, func() {
		stop()
		if before != nil {
			before()
		}
	}
}

// valued returns a context that has the values of derived and ends with ctx, or with stop.
func valued(ctx, derived context.Context) (_ context.Context, stop func()) {
	both, cancel := context.WithCancelCause(derived)
	forget := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return both, func() {
		forget()
		cancel(nil)
	}
}

// Report describes a request that has ended. It contains neither host nor credentials, but Err may.
type Report struct {
	Version   Version
	Command   Command
	Isolation string // [Request.Isolation], a hash

	// Reply is the last reply code sent to the client; GeneralFailure if it left before one was sent.
	Reply Reply
	// Err is why the request failed or its stream was cut; nil after an orderly end.
	Err error

	// Sent and Received count bytes from and to the client; for an association they count datagrams, and Dropped
	// those that were not delivered.
	Sent, Received, Dropped int64

	Wait  time.Duration // from the request to the last answer
	Total time.Duration // from the request to the end
}

// Status is a snapshot of a [Server].
type Status struct {
	Clients      int // being served
	Pending      int // requests that wait for the dialer
	Associations int
	Listeners    int
	Closed       bool // Shutdown or Close was called

	GaveWay uint64 // clients that were ended to make room for others, see [Server].MaxConns

	Requests, Failed uint64 // requests that are over, and those of them that failed
	Sent, Received   uint64 // bytes from and to clients, of streams that are over
	Dropped          uint64 // datagrams of associations that are over
}

// Status returns the current state of the server.
func (s *Server) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.totals
	st.Clients, st.Pending, st.Associations = s.used[places], s.used[pending], s.used[associations]
	st.Listeners, st.Closed = len(s.listeners), s.closed
	return st
}

// begun prepares the report of a request, and takes what a hook gives to the context.
func (c *conn) begun(req *Request) {
	c.start = time.Now()
	c.report = Report{Version: req.Version, Command: req.Command, Reply: GeneralFailure}
	h := c.srv.Hooks
	if h == nil {
		return
	}
	if h.Done != nil {
		c.report.Isolation = req.Isolation()
	}
	if h.Request != nil {
		c.value(c.srv.derive("Hooks.Request", func() context.Context { return h.Request(c.ctx, req) }))
	}
}

// answered notes the code that the client is told.
func (c *conn) answered(r Reply) {
	c.report.Reply, c.report.Wait = r, time.Since(c.start)
}

// done counts a request that is over and hands its report on.
func (c *conn) done(err error) {
	r := &c.report
	r.Total = time.Since(c.start)
	if err != nil {
		r.Err = err
	}
	s := c.srv
	s.mu.Lock()
	s.totals.Requests++
	if r.Reply != Succeeded {
		s.totals.Failed++
	}
	if r.Command == Associate {
		s.totals.Dropped += uint64(r.Dropped)
	} else {
		s.totals.Sent += uint64(r.Sent)
		s.totals.Received += uint64(r.Received)
	}
	s.mu.Unlock()
	if s.Hooks != nil && s.Hooks.Done != nil {
		s.derive("Hooks.Done", func() context.Context {
			s.Hooks.Done(c.ctx, *r)
			return nil
		})
	}
}
