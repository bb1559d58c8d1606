package i2cp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/internal/deadline"
)

// stream is a net.Conn with CloseWrite, SetHalfClose and SetLinger. It holds no goroutine and no descriptor.
type stream struct {
	m             *machine
	s             *streaming.Stream
	local, remote dialer.Addr

	// All that follows is guarded by m.mu.
	readable, writable          sync.Cond
	readDeadline, writeDeadline deadline.Deadline
	closed, reset               bool
	writing                     bool      // a Write has its turn
	nonce                       uint32    // of the last SYN
	missing                     time.Time // since when the router finds no way to the peer
	why                         error     // which one
}

// Silence about a peer that the router does not find is not the end: a destination that has just come up takes some
// seconds to be known.
const findTime = 10 * time.Second

// newStream makes a stream of the engine's one. The caller holds mu.
func (m *machine) newStream(s *streaming.Stream, local, remote dialer.Addr) *stream {
	st := &stream{m: m, s: s, local: local, remote: remote}
	st.readable.L, st.writable.L = &m.mu, &m.mu
	s.Owner = st
	if !s.Ended() { // it may have before it was accepted, and has been reported
		m.streams[st] = struct{}{}
	}
	return st
}

// changed is called when something has happened to the stream.
func (st *stream) changed() {
	if st.s.Opened() || st.s.Ended() {
		delete(st.m.nonces, st.nonce)
		st.nonce = 0
	}
	if st.s.Ended() {
		delete(st.m.streams, st)
	}
	st.readable.Broadcast()
	st.writable.Broadcast()
}

// status takes the router's word on a SYN. Whatever it is, the stream is open when the peer has answered, and only then.
func (st *stream) status(s i2cpwire.DeliveryStatus) {
	err := undelivered(s)
	if err == nil || st.s.Opened() {
		return
	}
	now := time.Now()
	switch {
	case s == i2cpwire.StatusNoTunnels, s == i2cpwire.StatusBadLocalLeaseSet: // our own are not there yet
		st.missing = time.Time{}
	case st.missing.IsZero():
		st.missing = now
	}
	st.why = err
	if hopeless(s) || !st.missing.IsZero() && now.Sub(st.missing) >= findTime {
		st.s.Abort(err)
	} else {
		st.s.Undelivered()
	}
	st.m.settle()
}

// Read reads what has arrived in order. It returns [io.EOF] when the peer has closed and nothing is missing, and an
// error that matches [syscall.ECONNRESET] or [syscall.ETIMEDOUT] when the stream was cut.
func (st *stream) Read(b []byte) (int, error) {
	st.m.mu.Lock()
	defer st.m.mu.Unlock()
	for {
		switch {
		case st.closed:
			return 0, st.opError("read", net.ErrClosed)
		case st.readDeadline.Expired():
			return 0, st.opError("read", os.ErrDeadlineExceeded)
		case len(b) == 0:
			return 0, nil
		}
		n, err := st.s.Read(b)
		if n > 0 {
			st.m.received.Add(int64(n))
			st.m.settle()
			return n, nil
		}
		if err == io.EOF {
			return 0, err
		}
		if err != nil && !errors.Is(err, streaming.ErrWouldBlock) {
			return 0, st.opError("read", err)
		}
		st.readable.Wait()
	}
}

// Write gives data to the stream, and waits while its buffer is full: the peer, the way to it or the router are slow. What
// one call is given stays together, whoever else writes.
func (st *stream) Write(b []byte) (int, error) {
	st.m.mu.Lock()
	defer st.m.mu.Unlock()
	for st.writing {
		if err := st.writeEnds(); err != nil {
			return 0, err
		}
		st.writable.Wait()
	}
	st.writing = true
	defer func() {
		st.writing = false
		st.writable.Broadcast()
	}()
	written := 0
	for {
		if err := st.writeEnds(); err != nil {
			return written, err
		}
		n, err := st.s.Write(b[written:])
		written += n
		st.m.sent.Add(int64(n))
		if n > 0 {
			st.m.settle()
		}
		if err != nil {
			return written, st.opError("write", err)
		}
		if written == len(b) {
			return written, nil
		}
		st.writable.Wait()
	}
}

// writeEnds returns why a Write waits no longer.
func (st *stream) writeEnds() error {
	switch {
	case st.closed:
		return st.opError("write", net.ErrClosed)
	case st.writeDeadline.Expired():
		return st.opError("write", os.ErrDeadlineExceeded)
	}
	return nil
}

// CloseWrite says that nothing more will be written. A peer that bears it, as ours and Java I2P's library do, learns it at
// once and can go on sending. i2pd ends both directions then, and throws away what it has not sent, so that others learn it
// when they have closed themselves, or at Close.
func (st *stream) CloseWrite() error {
	st.m.mu.Lock()
	defer st.m.mu.Unlock()
	if st.closed {
		return st.opError("close", net.ErrClosed)
	}
	st.s.CloseWrite()
	st.writable.Broadcast() // a Write that waits has failed
	st.m.settle()
	return nil
}

// SetHalfClose lets CloseWrite tell the peer at once, whatever it makes of it.
func (st *stream) SetHalfClose(on bool) error {
	st.m.mu.Lock()
	defer st.m.mu.Unlock()
	if st.closed {
		return st.opError("set", net.ErrClosed)
	}
	st.s.SetHalfClose(on)
	st.m.settle()
	return nil
}

// SetLinger with 0 makes Close a reset, which throws away what was not delivered. Other values end that: what was
// written is delivered in the background.
func (st *stream) SetLinger(sec int) error {
	st.m.mu.Lock()
	defer st.m.mu.Unlock()
	if st.closed {
		return st.opError("set", net.ErrClosed)
	}
	st.reset = sec == 0
	return nil
}

// Close ends the stream. What was written is delivered in the background, for as long as the session lives; what comes
// is thrown away.
func (st *stream) Close() error {
	st.m.mu.Lock()
	defer st.m.mu.Unlock()
	if st.closed {
		return st.opError("close", net.ErrClosed)
	}
	st.shut()
	st.m.settle()
	return nil
}

// shut is Close for a caller that holds mu.
func (st *stream) shut() {
	if st.closed {
		return
	}
	st.closed = true
	st.readDeadline.Stop()
	st.writeDeadline.Stop()
	if st.reset {
		st.s.Reset()
	} else {
		st.s.Close()
	}
	st.readable.Broadcast()
	st.writable.Broadcast()
}

// LocalAddr returns the [dialer.Addr] of the identity.
func (st *stream) LocalAddr() net.Addr { return st.local }

// RemoteAddr returns the [dialer.Addr] of the peer.
func (st *stream) RemoteAddr() net.Addr { return st.remote }

// SetDeadline sets both deadlines.
func (st *stream) SetDeadline(t time.Time) error {
	if err := st.SetReadDeadline(t); err != nil {
		return err
	}
	return st.SetWriteDeadline(t)
}

// SetReadDeadline sets when reads fail, also those that wait already.
func (st *stream) SetReadDeadline(t time.Time) error {
	return st.setDeadline(&st.readDeadline, t, &st.readable)
}

// SetWriteDeadline sets when writes fail, also those that wait already.
func (st *stream) SetWriteDeadline(t time.Time) error {
	return st.setDeadline(&st.writeDeadline, t, &st.writable)
}

func (st *stream) setDeadline(d *deadline.Deadline, t time.Time, wake *sync.Cond) error {
	st.m.mu.Lock()
	defer st.m.mu.Unlock()
	if st.closed {
		return st.opError("set", net.ErrClosed)
	}
	d.Set(t, wake)
	return nil
}

// opError gives an error the shape that errors of sockets have.
func (st *stream) opError(op string, err error) error {
	switch {
	case errors.Is(err, streaming.ErrClosed):
		err = net.ErrClosed
	case errors.Is(err, streaming.ErrWriteClosed):
		err = fmt.Errorf("closed for writing: %w", syscall.EPIPE)
	}
	return &net.OpError{Op: op, Net: "i2p", Source: st.local, Addr: st.remote, Err: err}
}

// Format keeps fmt from printing the peer.
func (st *stream) Format(w fmt.State, _ rune) { io.WriteString(w, "i2cp.Conn") }
