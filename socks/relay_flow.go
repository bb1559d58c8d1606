package socks

import (
	"net"
	"sync/atomic"
)

// flow is one direction of a relay.
type flow struct {
	src, dst net.Conn
	watch    *watch
	ahead    *backlog     // nil: src waits for dst
	look     look         // sees the beginning; nil does not
	moved    atomic.Int64 // bytes delivered to dst
	waiting  atomic.Bool  // for src, and holds nothing

	over, spliced, parked bool // guarded by the watch
}

// run delivers early and then all of src to dst, and returns when src has ended
// and everything is delivered (two nils), or with the error of either side, or with errParked when it is to be called again.
func (f *flow) run(early []byte) (srcErr, dstErr error) {
	done := false
	if f.look != nil {
		srcErr, dstErr, done = f.sample(early)
		f.look = nil
	} else if len(early) > 0 {
		dstErr = f.write(early)
	}
	if dstErr != nil {
		return nil, dstErr
	}
	if !done {
		srcErr, dstErr, done = f.splice()
	}
	if !done {
		srcErr, dstErr = f.copy()
	}
	if f.ahead != nil && srcErr != errParked {
		if err := f.ahead.finish(); err != nil {
			dstErr = err
		}
	}
	return srcErr, dstErr
}

// put hands p on: to dst, or to the backlog, whose goroutine writes it.
func (f *flow) put(p []byte) error {
	if f.ahead == nil {
		return f.write(p)
	}
	return f.ahead.put(p)
}

func (f *flow) write(p []byte) error {
	n, err := f.dst.Write(p)
	f.delivered(n)
	return err
}

func (f *flow) delivered(n int) {
	if n > 0 {
		f.moved.Add(int64(n))
		f.watch.progress()
	}
}

// rawer is a connection that lets the relay bypass it: Raw returns the
// connection that it only passes bytes through to, or false while bytes must
// be read or written through itself. A type that embeds one and does more than
// it must hide the method, since it inherits the permission.
type rawer interface{ Raw() (net.Conn, bool) }

// counter is a rawer that wants to know how many bytes bypassed it.
type counter interface{ Moved(read, written int) }

// unwrap returns what c allows to use in its place, else c and false. Only c
// itself can allow that: a type that embeds a socket may do more than it does.
func unwrap(c net.Conn) (net.Conn, bool) {
	if r, ok := c.(rawer); ok {
		if raw, ok := r.Raw(); ok {
			return raw, true
		}
	}
	return c, false
}
