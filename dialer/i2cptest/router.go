package i2cptest

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/internal/memnet"
)

// Router is one router of a [Network]. The zero value can be given to [Network.Start]; all methods require a started
// router, and may be called by several goroutines.
type Router struct {
	// Kind is the router to simulate; zero means [Instant].
	Kind Kind
	// BuildTime is how long a session waits for tunnels; zero means the router's usual time, negative none.
	BuildTime time.Duration
	// ClockOffset is how far the router's clock is ahead of that of the process.
	ClockOffset time.Duration
	// User and Password, if set, are required in GetDate. i2pd has no passwords, so its routers ignore them.
	User, Password string
	// Link is the link for messages of the router's sessions. See also [Router.SetLink].
	Link Link

	nw *Network
	f  *flavour

	// All that follows is guarded by nw.mu.
	tcp      net.Listener
	addr     string
	down     bool
	stats    Stats
	conns    map[*conn]struct{}
	sessions map[uint16]*session
	resting  map[[32]byte]time.Time // destinations that Java still believes to be in use
	faults   []*Fault
	log      []Message
	oldest   int // in log, once that is full
	counts   map[string]int
	link     link
}

// reset makes the router one that was just started.
func (r *Router) reset() {
	r.down = false
	r.conns = make(map[*conn]struct{})
	r.sessions = make(map[uint16]*session)
	r.resting = make(map[[32]byte]time.Time)
}

// Addr returns the address of the I2CP port, "127.0.0.1:port". The first call opens the port; a router that is used
// only through Dial opens no socket, and can run in a testing/synctest bubble. It panics if it cannot listen.
func (r *Router) Addr() string {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	if r.addr != "" {
		return r.addr
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("i2cptest: " + err.Error())
	}
	r.addr = ln.Addr().String()
	if r.down {
		ln.Close()
	} else {
		r.accept(ln)
	}
	return r.addr
}

// accept serves a listener. The caller holds the lock.
func (r *Router) accept(ln net.Listener) {
	r.tcp = ln
	r.nw.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				time.Sleep(time.Millisecond) // such as too many open files
				continue
			}
			if !r.serve(nc) {
				nc.Close()
			}
		}
	})
}

// Dial connects to the router in memory. If the router is down the error matches syscall.ECONNREFUSED.
func (r *Router) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "i2cptest", Err: err}
	}
	client, server := memnet.Pipe()
	if !r.serve(server) {
		return nil, &net.OpError{Op: "dial", Net: "i2cptest", Err: syscall.ECONNREFUSED}
	}
	return client, nil
}

// serve takes over a connection, and reports false if the router is down.
func (r *Router) serve(nc net.Conn) bool {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	if r.down || r.nw.closed {
		return false
	}
	r.stats.Connections++
	c := newConn(r, nc, r.stats.Connections)
	r.conns[c] = struct{}{}
	r.nw.notify()
	r.nw.wg.Go(c.serve)
	r.nw.wg.Go(c.out.run)
	return true
}

// Kill ends the router as a power failure does: all connections and sessions are gone, new connections are refused.
func (r *Router) Kill() {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	r.kill()
}

func (r *Router) kill() {
	if r.down {
		return
	}
	r.down = true
	if r.tcp != nil {
		r.tcp.Close()
		r.tcp = nil
	}
	for c := range r.conns {
		c.end()
	}
	r.link.clear()
	r.nw.notify()
}

// Restart starts a killed router again, on the same address. Its sessions are gone; faults remain. It fails if the
// address is in use.
func (r *Router) Restart() error {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	if r.nw.closed {
		return net.ErrClosed
	}
	r.kill()
	if r.addr != "" {
		ln, err := net.Listen("tcp", r.addr)
		if err != nil {
			return err
		}
		r.accept(ln)
	}
	r.reset()
	r.nw.notify()
	return nil
}

// Close ends the router permanently, as Kill does; the rest of the network continues.
func (r *Router) Close() { r.Kill() }

// DropSessions closes the connections of all sessions without a message, while the router stays up.
func (r *Router) DropSessions() {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	for c := range r.conns {
		c.end()
	}
	r.nw.notify()
}

// RequestLeaseSets requests a new lease set from all sessions, as when tunnels are renewed.
func (r *Router) RequestLeaseSets() {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	for _, s := range r.sessions {
		s.requestLeaseSet()
	}
}

// now is the router's clock.
func (r *Router) now() time.Time { return time.Now().Add(r.ClockOffset) }
