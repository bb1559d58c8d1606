package samtest

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Bridge is the SAM bridge of one router of a [Network]. The zero value can be given to [Network.Start]; all methods
// require a started bridge, and may be called by several goroutines.
type Bridge struct {
	// Router is the router to simulate; zero means [Instant].
	Router Router
	// BuildTime is how long SESSION CREATE takes; zero means the router's usual time, negative none.
	BuildTime time.Duration
	// User and Password, if set, are required in each HELLO. i2pd has no passwords, so its bridges ignore them.
	User, Password string
	// UID is the user that the kernel takes the router for, at the address of Addr; 0 is the program's
	// own. Other users need Linux and root.
	UID int

	nw  *Network
	f   *flavour
	ice atomic.Pointer[chan struct{}] // closed when it melts; nil while the router runs

	// All that follows is guarded by nw.mu.
	tcp       net.Listener
	addr      string
	udp       *net.UDPConn
	udpAddr   string
	down      bool
	stuck     bool // i2pd 2.45 after an overlong line
	stats     Stats
	conns     map[*conn]struct{}
	sessions  map[string]*session
	endpoints map[keys.Destination]*endpoint
	reserved  map[string]time.Time // IDs and keys that Java still believes to be in use
	faults    []*Fault
	log       []Command // the newest, as a ring from oldest on once it is full
	oldest    int
	counts    map[string]int // of commands by name, and by verb
}

// reset makes the bridge that of a router that was just started.
func (b *Bridge) reset() {
	b.down, b.stuck = false, false
	b.conns = make(map[*conn]struct{})
	b.sessions = make(map[string]*session)
	b.endpoints = make(map[keys.Destination]*endpoint)
	b.reserved = make(map[string]time.Time)
}

// Addr returns the address of the bridge, "127.0.0.1:port". The first call opens the port; a bridge that is used only
// through Dial opens no socket, and can run in a testing/synctest bubble. It panics if it cannot listen.
func (b *Bridge) Addr() string {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if b.addr != "" {
		return b.addr
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("samtest: " + err.Error())
	}
	b.addr = ln.Addr().String()
	if b.down {
		ln.Close()
	} else if err := b.accept(ln); err != nil {
		panic(err.Error())
	}
	return b.addr
}

// accept serves a listener. The caller holds the lock.
func (b *Bridge) accept(ln net.Listener) error {
	b.tcp = ln
	became := make(chan error)
	b.nw.wg.Go(func() {
		err := becomeUser(b.UID)
		became <- err
		if err != nil {
			return
		}
		for {
			b.awaitThaw() // the kernel takes connections meanwhile
			nc, err := ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				time.Sleep(time.Millisecond) // such as too many open files
				continue
			}
			if !b.serve(nc, false) {
				nc.Close()
			}
		}
	})
	return <-became
}

// Dial connects to the bridge in memory. If the bridge is down the error matches syscall.ECONNREFUSED.
func (b *Bridge) Dial(ctx context.Context) (net.Conn, error) { return b.dial(ctx, false) }

func (b *Bridge) dial(ctx context.Context, peer bool) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "samtest", Err: err}
	}
	client, server := memPipe()
	if !b.serve(server, peer) {
		return nil, &net.OpError{Op: "dial", Net: "samtest", Err: syscall.ECONNREFUSED}
	}
	return client, nil
}

// serve takes over a connection, that of a client or of a Peer, and reports false if the bridge is down.
func (b *Bridge) serve(nc net.Conn, peer bool) bool {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if b.down || b.nw.closed {
		return false
	}
	b.stats.Connections++
	c := &conn{b: b, nc: newSocket(b, nc), number: b.stats.Connections, peer: peer}
	b.conns[c] = struct{}{}
	b.nw.notify()
	c.in = startPump(&b.nw.wg, c.nc)
	b.nw.wg.Go(c.serve)
	return true
}

// Kill ends the router as a power failure does: all connections are reset, all sessions are gone, new connections are
// refused. Streams to other routers are not ended, except by the router Instant.
func (b *Bridge) Kill() {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	b.kill()
}

func (b *Bridge) kill() {
	if b.down {
		return
	}
	b.down = true
	b.thaw()
	if b.tcp != nil {
		b.tcp.Close()
		b.tcp = nil
	}
	if b.udp != nil {
		b.udp.Close()
		b.udp = nil
	}
	for c := range b.conns {
		c.reset()
	}
	for _, s := range b.sessions {
		s.end(true)
	}
	for _, ep := range b.endpoints {
		ep.die()
	}
	b.nw.notify()
}

// Restart starts a killed router again, on the same address. Its sessions are gone; faults remain. It fails if the
// address is in use.
func (b *Bridge) Restart() error {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if b.nw.closed {
		return net.ErrClosed
	}
	b.kill()
	if b.addr != "" {
		ln, err := net.Listen("tcp", b.addr)
		if err != nil {
			return err
		}
		if err := b.accept(ln); err != nil {
			return err
		}
	}
	if b.udpAddr != "" {
		if err := b.listenUDP(b.udpAddr); err != nil {
			return err
		}
	}
	b.reset()
	b.nw.notify()
	return nil
}

// Close ends the bridge permanently, as Kill does; the rest of the network continues.
func (b *Bridge) Close() { b.Kill() }
