package samtest

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/go-i2p/i2psocks/internal/memnet"
)

// memEnd is an end of a connection in memory that can be reset, as one of TCP:
// closing it with SetLinger(0) discards, and fails the reads of the other end.
type memEnd struct {
	net.Conn
	linger atomic.Bool
	reset  atomic.Bool
	other  *memEnd
}

func memPipe() (client, server *memEnd) {
	a, b := memnet.Pipe()
	client, server = &memEnd{Conn: a}, &memEnd{Conn: b}
	client.other, server.other = server, client
	return client, server
}

func (m *memEnd) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if m.reset.Load() {
		n = 0
		if err == nil || err == io.EOF {
			err = &net.OpError{Op: "read", Net: "mem", Source: m.LocalAddr(), Addr: m.RemoteAddr(), Err: syscall.ECONNRESET}
		}
	}
	return n, err
}

// SetLinger with 0 makes Close a reset; other values end that.
func (m *memEnd) SetLinger(sec int) error {
	m.linger.Store(sec == 0)
	return nil
}

func (m *memEnd) CloseWrite() error { return m.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func (m *memEnd) Close() error {
	if m.linger.Load() {
		m.other.reset.Store(true)
	}
	return m.Conn.Close()
}
