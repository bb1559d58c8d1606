package i2cp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
)

// Listen accepts streams to the identity. It waits until the session is up. address is ":port"; the host may also be
// the identity's own base32 name. There may be a listener on each port; one on port 0 accepts streams to all other
// ports. i2pd's own programs always connect to port 0, so a single listener accepts these whatever its port. A second
// listener on a port fails with [syscall.EADDRINUSE], a listener of a DialOnly session with [errors.ErrUnsupported].
// The listener survives the loss of the router.
//
// Streams are answered at once, before Accept. Streams to a port without a listener, and those beyond Limits.Backlog,
// are refused.
func (s *Session) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	ln, err := s.listen(ctx, network, address)
	if err != nil {
		return nil, dialer.OpError("listen", s.Addr(), err)
	}
	return ln, nil
}

func (s *Session) listen(ctx context.Context, network, address string) (*listener, error) {
	host, port, err := dialer.SplitHostPort(network, address)
	if err != nil {
		return nil, err
	}
	if s.DialOnly {
		return nil, fmt.Errorf("session is for dialling only: %w", errors.ErrUnsupported)
	}
	addr := s.Addr()
	if host != "" && host != addr.Host {
		return nil, fmt.Errorf("%w: can listen on the identity's own address only", syscall.EADDRNOTAVAIL)
	}
	if _, err := s.await(ctx); err != nil {
		return nil, err
	}
	addr.Port = port
	return s.machine.listen(addr)
}

// listener is a net.Listener on one port of the identity.
type listener struct {
	m    *machine
	addr dialer.Addr

	// Guarded by m.mu.
	l      *streaming.Listener
	ready  sync.Cond
	closed bool
}

func (m *machine) listen(addr dialer.Addr) (*listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, dialer.ErrSessionClosed
	}
	l, err := m.engine.Listen(addr.Port)
	if err != nil {
		return nil, err
	}
	ln := &listener{m: m, addr: addr, l: l}
	ln.ready.L = &m.mu
	m.listeners[addr.Port] = ln
	return ln, nil
}

// listenerOf returns the listener of an engine's one, nil if it is closed. The caller holds mu.
func (m *machine) listenerOf(l *streaming.Listener) *listener {
	for _, ln := range m.listeners {
		if ln.l == l {
			return ln
		}
	}
	return nil
}

// Accept returns the next stream. Its RemoteAddr is a [dialer.Addr] with the peer's destination, which has proven who
// it is.
func (ln *listener) Accept() (net.Conn, error) {
	ln.m.mu.Lock()
	defer ln.m.mu.Unlock()
	for {
		if ln.closed {
			return nil, dialer.OpError("accept", ln.addr, net.ErrClosed)
		}
		if s := ln.l.Accept(); s != nil {
			local := ln.addr
			local.Port = s.LocalPort()
			return ln.m.newStream(s, local, dialer.AddrOf(s.Remote(), s.RemotePort())), nil
		}
		ln.ready.Wait()
	}
}

// Close ends the listener. Streams that were accepted live on, those that were not are reset.
func (ln *listener) Close() error {
	ln.m.mu.Lock()
	defer ln.m.mu.Unlock()
	if ln.closed {
		return dialer.OpError("close", ln.addr, net.ErrClosed)
	}
	ln.closed = true
	delete(ln.m.listeners, ln.addr.Port)
	ln.l.Close()
	ln.ready.Broadcast()
	ln.m.settle()
	return nil
}

// Addr returns the [dialer.Addr] that peers dial.
func (ln *listener) Addr() net.Addr { return ln.addr }
