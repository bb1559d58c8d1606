package sam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer"
)

// backlog is how many accepted streams wait for the Accept of their listener; what comes then is closed, so
// that a listener that is not served holds up no other.
const backlog = 64

// acceptor shares the streams that come to a session out to its listeners.
type acceptor struct {
	mu        sync.Mutex
	listeners []*listener
	live      *live // the session at hand, or the one before
	running   bool  // the loops of live, until it ends
}

// serve runs the accept loops on a new session.
func (a *acceptor) serve(l *live) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live, a.running = l, false
	a.run()
}

// run starts the loops if there are listeners and a session and none run yet. They run until the
// session ends, with listeners or without: Java I2P still hands a stream to an ACCEPT that was
// given up, and i2pd then forgets those behind it. The caller holds mu.
func (a *acceptor) run() {
	if a.live == nil || a.running || len(a.listeners) == 0 {
		return
	}
	a.running = true
	l := a.live
	for range l.profile.accepts {
		l.task(func() { l.acceptLoop(a.deliver) })
	}
}

// deliver hands a stream to its listener. A stream that nobody listens for, or that there is no room for, is closed.
func (a *acceptor) deliver(s *stream, port uint16) {
	taken, full := a.offer(s, port)
	if full {
		s.live.session.Logger.Debug("i2p stream not taken: too many wait to be accepted")
	}
	if !taken {
		s.Close()
	}
}

// offer reports whether a listener has taken a stream, and whether there is one that is full.
func (a *acceptor) offer(s *stream, port uint16) (taken, full bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ln := a.listenerOn(port)
	if ln == nil {
		return false, false
	}
	if ln.port != 0 {
		s.local.Port = ln.port
	}
	select {
	case ln.streams <- s:
		return true, false
	default:
		return false, true
	}
}

// listenerOn returns the listener on a port, else the one that takes any; for port 0, which is what comes where the router tells
// no ports, also the only one there is. The caller holds mu.
func (a *acceptor) listenerOn(port uint16) (rest *listener) {
	for _, ln := range a.listeners {
		switch {
		case ln.port == port:
			return ln
		case ln.port == 0, port == 0 && len(a.listeners) == 1:
			rest = ln
		}
	}
	return rest
}

// add takes a listener in. Several need a router that tells ports, as their streams would be mixed
// up otherwise.
func (a *acceptor) add(ln *listener) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ln.session.keep.Closed() { // which it is before close is called
		return dialer.ErrSessionClosed
	}
	for _, other := range a.listeners {
		if other.port == ln.port {
			return syscall.EADDRINUSE
		}
		if a.live != nil && !a.live.profile.ports {
			return fmt.Errorf("%w: this router does not tell ports, so one listener is all an identity can have", syscall.EADDRINUSE)
		}
	}
	a.listeners = append(a.listeners, ln)
	a.run()
	return nil
}

// remove takes a listener out, and closes the streams that nobody accepted.
func (a *acceptor) remove(ln *listener) {
	a.mu.Lock()
	a.listeners = slices.DeleteFunc(a.listeners, func(other *listener) bool { return other == ln })
	a.mu.Unlock()
	for len(ln.streams) > 0 {
		select {
		case s := <-ln.streams:
			s.Close()
		default: // accepted just now
		}
	}
}

func (a *acceptor) close() {
	a.mu.Lock()
	listeners := slices.Clone(a.listeners)
	a.mu.Unlock()
	for _, ln := range listeners {
		ln.Close()
	}
}

// Listen accepts streams to the identity. It waits until the session is up and the router ready to deliver streams.
// address is ":port"; the host may also be the identity's own base32 name. A listener on port 0 accepts streams to
// all ports without a listener of their own. Only Java I2P distinguishes ports: on i2pd an identity can have one
// listener, which accepts streams to any port.
//
// A second listener on a port fails with [syscall.EADDRINUSE], a listener of a DialOnly session with
// [errors.ErrUnsupported], and one that the router refuses with the router's answer. The listener survives the loss
// of the router. Up to 64 streams wait for Accept; further ones are closed.
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
	l, err := s.await(ctx)
	if err != nil {
		return nil, err
	}
	addr.Port = port
	ln := &listener{session: s, port: port, addr: addr, streams: make(chan *stream, backlog), done: make(chan struct{})}
	if err := s.acceptor.add(ln); err != nil {
		return nil, err
	}
	ctx, cancel := l.within(ctx)
	defer cancel(nil)
	if err := l.accepts.wait(ctx); err != nil && !errors.Is(err, errOver) { // after that the next session will accept
		ln.Close()
		return nil, err
	}
	return ln, nil
}

// listener is a net.Listener on one port of the identity.
type listener struct {
	session *Session
	port    uint16
	addr    dialer.Addr
	streams chan *stream
	done    chan struct{}
	once    sync.Once
}

// Accept returns the next stream. Its RemoteAddr is a [dialer.Addr] with the peer's destination.
func (ln *listener) Accept() (net.Conn, error) {
	select {
	case s := <-ln.streams:
		return s, nil
	case <-ln.done:
		return nil, dialer.OpError("accept", ln.addr, net.ErrClosed)
	}
}

// Close ends the listener; streams that were accepted live on.
func (ln *listener) Close() error {
	err := dialer.OpError("close", ln.addr, net.ErrClosed)
	ln.once.Do(func() {
		err = nil
		close(ln.done)
		ln.session.acceptor.remove(ln)
	})
	return err
}

func (ln *listener) Addr() net.Addr { return ln.addr }
