package i2cp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

// wireConn reads messages from a router.
type wireConn struct {
	conn        net.Conn
	in          *bufio.Reader
	acknowledge func() // what was read

	// of the last message; used again for the next
	head    [i2cpwire.HeaderLen]byte
	body    []byte
	payload i2cpwire.MessagePayload
}

func newWireConn(conn net.Conn) *wireConn {
	return &wireConn{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), acknowledge: acknowledger(conn)}
}

// read returns the next message, payloads as pointers. What it holds is valid until the next call.
func (w *wireConn) read() (i2cpwire.Message, error) {
	if _, err := io.ReadFull(w.in, w.head[:]); err != nil {
		return nil, err
	}
	kind, n, err := i2cpwire.ParseHeader(w.head, i2cpwire.MaxReceived)
	if err != nil {
		return nil, err
	}
	if cap(w.body) < n {
		w.body = make([]byte, n)
	}
	w.body = w.body[:n]
	if _, err := io.ReadFull(w.in, w.body); err != nil {
		return nil, err
	}
	if kind == i2cpwire.TypeMessagePayload {
		w.payload, err = i2cpwire.ParseMessagePayload(w.body)
		return &w.payload, err
	}
	return i2cpwire.Parse(kind, w.body)
}

// more reports whether another whole message has come already.
func (w *wireConn) more() bool {
	if w.in.Buffered() < i2cpwire.HeaderLen {
		return false
	}
	head, err := w.in.Peek(i2cpwire.HeaderLen) // in the buffer
	if err != nil {
		return false
	}
	_, n, err := i2cpwire.ParseHeader([i2cpwire.HeaderLen]byte(head), i2cpwire.MaxReceived)
	return err == nil && w.in.Buffered() >= i2cpwire.HeaderLen+n
}

// write sends a message.
func (w *wireConn) write(m i2cpwire.Message) error {
	b, err := i2cpwire.Append(nil, m)
	if err != nil {
		return err
	}
	_, err = w.conn.Write(b)
	return err
}

// interrupt makes reads and writes fail when ctx ends, until the returned function is called.
func (w *wireConn) interrupt(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		w.conn.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}

// explain returns why a read or write failed: the end of ctx, or that the router is gone.
func (w *wireConn) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return down(fmt.Errorf("connection lost: %w", err))
}
