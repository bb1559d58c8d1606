package dialer

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// hold is a use that ends once.
type hold struct {
	isolated *Isolated
	entry    *entry
	once     sync.Once
}

func (h *hold) end() { h.once.Do(func() { h.isolated.release(h.entry) }) }

// heldConn is a stream that counts as a use until it is closed. That the backend may go on closing it in its own time,
// to lose nothing, keeps nobody from retiring it: its Close waits for that.
type heldConn struct {
	net.Conn
	hold
}

// Format keeps fmt from printing peer and key, here and below.
func (c *heldConn) Format(w fmt.State, _ rune) { io.WriteString(w, "dialer.Conn") }

// heldHalfCloser is one that can end one direction.
type heldHalfCloser struct{ *heldConn }

type halfCloser interface{ CloseWrite() error }

func (c heldHalfCloser) CloseWrite() error { return c.Conn.(halfCloser).CloseWrite() }

// held takes over a use for as long as conn is open.
func (i *Isolated) held(conn net.Conn, e *entry) net.Conn {
	c := &heldConn{Conn: conn, hold: hold{isolated: i, entry: e}}
	if _, ok := conn.(halfCloser); ok {
		return heldHalfCloser{c}
	}
	return c
}

func (c *heldConn) Close() error {
	defer c.end()
	return c.Conn.Close()
}

// Raw allows a relay to bypass this type, and the backend's as far as that does so itself.
func (c *heldConn) Raw() (net.Conn, bool) {
	switch conn := c.Conn.(type) {
	case interface{ Raw() (net.Conn, bool) }:
		return conn.Raw()
	case *net.TCPConn, *net.UnixConn:
		return conn, true
	}
	return nil, false
}

// Moved tells the backend of bytes that bypassed it.
func (c *heldConn) Moved(read, written int) {
	if m, ok := c.Conn.(interface{ Moved(read, written int) }); ok {
		m.Moved(read, written)
	}
}

// heldListener counts as a use until it is closed, as do the streams that it accepts.
type heldListener struct {
	net.Listener
	hold
}

func (l *heldListener) Format(w fmt.State, _ rune) { io.WriteString(w, "dialer.Listener") }

func (l *heldListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.isolated.again(l.entry)
	return l.isolated.held(conn, l.entry), nil
}

func (l *heldListener) Close() error {
	defer l.end()
	return l.Listener.Close()
}

type heldPacketConn struct {
	net.PacketConn
	hold
}

func (c *heldPacketConn) Format(w fmt.State, _ rune) { io.WriteString(w, "dialer.PacketConn") }

func (c *heldPacketConn) Close() error {
	defer c.end()
	return c.PacketConn.Close()
}
