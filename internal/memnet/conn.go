package memnet

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

// Buffer is how many bytes fit in each direction of a connection.
const Buffer = 64 << 10

// Addr is an address in memory. It has the form host:port.
type Addr string

// Network returns "mem".
func (Addr) Network() string { return "mem" }

func (a Addr) String() string { return string(a) }

// Pipe returns the two ends of a connection. What one end wrote before it was
// closed can still be read by the other; writing to a closed end fails with
// [syscall.EPIPE], using an end after its own Close with [net.ErrClosed]. Both
// ends have a CloseWrite method and may be used by several goroutines.
func Pipe() (net.Conn, net.Conn) { return pipe("pipe:1", "pipe:2") }

func pipe(a, b Addr) (*conn, *conn) {
	ab, ba := bytequeue.New(Buffer, nil), bytequeue.New(Buffer, nil)
	return &conn{in: ba, out: ab, local: a, remote: b, writing: make(chan struct{}, 1)},
		&conn{in: ab, out: ba, local: b, remote: a, writing: make(chan struct{}, 1)}
}

// conn is one end: it reads from in and writes to out.
type conn struct {
	in, out       *bytequeue.Queue
	local, remote Addr
	closed        atomic.Bool
	writing       chan struct{} // keeps the writes of several goroutines apart; waiting for a mutex would not be durable
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	return n, c.wrap("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	n, err := c.out.Write(p)
	return n, c.wrap("write", err)
}

// CloseWrite ends this end's direction; the other direction goes on.
func (c *conn) CloseWrite() error {
	if c.closed.Load() {
		return c.wrap("close", net.ErrClosed)
	}
	c.out.CloseWrite(nil)
	return nil
}

func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return c.wrap("close", net.ErrClosed)
	}
	c.out.CloseWrite(nil)
	c.in.CloseRead()
	return nil
}

// wrap gives an error of the queue the shape that errors of sockets have.
func (c *conn) wrap(op string, err error) error {
	switch {
	case err == nil, err == io.EOF:
		return err
	case c.closed.Load():
		err = net.ErrClosed
	case errors.Is(err, io.ErrClosedPipe):
		err = syscall.EPIPE
	}
	return &net.OpError{Op: op, Net: "mem", Source: c.local, Addr: c.remote, Err: err}
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) SetReadDeadline(t time.Time) error {
	if c.closed.Load() {
		return c.wrap("set", net.ErrClosed)
	}
	c.in.SetReadDeadline(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	if c.closed.Load() {
		return c.wrap("set", net.ErrClosed)
	}
	c.out.SetWriteDeadline(t)
	return nil
}
