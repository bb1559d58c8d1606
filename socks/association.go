package socks

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
	"golang.org/x/net/proxy"
)

const (
	maxDestinations = 1024 // that an association remembers, and as many senders
	maxPreparing    = 16   // destinations that an association looks into at a time
	packetOverhead  = 64   // what a waiting datagram costs beside its bytes
)

// association carries the datagrams of one client. Its files: associate.go its life, datagrams.go its loops,
// this one what it knows of its peers.
type association struct {
	srv    *Server
	dialer proxy.ContextDialer
	req    Request
	local  *net.UDPConn
	remote net.PacketConn
	client netip.Addr
	port   atomic.Uint32 // the client's; 0 until known

	observer Observer // sees what the client sends; nil does not

	ctx   context.Context
	end   context.CancelCauseFunc
	wg    sync.WaitGroup
	start time.Time
	last  atomic.Int64 // when a datagram moved last, in ns since start

	sent, received, dropped atomic.Int64 // datagrams

	mu           sync.Mutex
	destinations map[string]*destination // by address as the client wrote it
	used         map[string]wire.Addr    // by host, what the client called it last
	senders      map[string][]byte       // by address, the header; empty for one that is refused
	preparing    int
	waiting      int // bytes
}

// destination is an address that the client sends to.
type destination struct {
	addr    net.Addr // nil if refused
	ready   bool
	waiting [][]byte // datagrams, until it is ready
}

func (a *association) init() {
	a.destinations = make(map[string]*destination)
	a.used = make(map[string]wire.Addr)
	a.senders = make(map[string][]byte)
}

// enqueue keeps data until d is ready, if there is room. The caller holds mu.
func (a *association) enqueue(d *destination, data []byte) bool {
	size := len(data) + packetOverhead
	if a.waiting+size > setting(a.srv.UDPQueue, defaultUDPQueue) {
		return false
	}
	a.waiting += size
	d.waiting = append(d.waiting, append([]byte(nil), data...))
	return true
}

// discover begins to find out about a destination; nil if there are too many. The caller holds mu.
func (a *association) discover(addr []byte) *destination {
	if a.preparing >= maxPreparing {
		return nil
	}
	if len(a.destinations) >= maxDestinations {
		for key, old := range a.destinations {
			if old.ready {
				delete(a.destinations, key)
				break
			}
		}
	}
	d, key := &destination{}, string(addr)
	a.destinations[key] = d
	a.preparing++
	a.wg.Go(func() { a.prepare(key, d) })
	return d
}

// prepare asks the policy, finds out by what name the destination will answer, and sends what has waited.
func (a *association) prepare(key string, d *destination) {
	to, _, _ := wire.ConsumeAddr([]byte(key)) // has been read before
	addr, host, err := a.permit(to)
	a.mu.Lock()
	a.preparing--
	waiting := d.waiting
	for _, data := range waiting {
		a.waiting -= len(data) + packetOverhead
	}
	d.waiting, d.addr, d.ready = nil, addr, true
	switch {
	case err != nil: // perhaps next time
		delete(a.destinations, key)
	case addr != nil:
		insert(a.used, host, to)
		clear(a.senders) // some may have a better name now
	}
	a.mu.Unlock()
	for _, data := range waiting {
		a.send(data, addr)
	}
}

// permit returns the address that the dialer knows to as, nil if it is refused, and the host that
// answers will come from.
func (a *association) permit(to wire.Addr) (_ net.Addr, host string, err error) {
	ctx, cancel := withTimeout(a.ctx, setting(a.srv.DialTimeout, DefaultDialTimeout))
	defer cancel()
	req := a.datagramTo(to)
	if a.srv.allow(ctx, &req) != nil {
		return nil, "", nil
	}
	if host, err = base32(ctx, a.dialer, req.Host); err != nil {
		return nil, "", err
	}
	return target{"i2p", req.Addr()}, host, nil
}

// datagramTo returns the request that stands for the datagrams of a peer.
func (a *association) datagramTo(to wire.Addr) Request {
	req := a.req
	req.Command, req.Host, req.IP, req.Port = Datagram, to.Name, to.IP.Unmap(), to.Port
	if req.IP.IsValid() {
		req.Host = req.IP.String()
	}
	return req
}

// header returns what to put in front of a datagram from a peer; empty if the client must not get it.
func (a *association) header(from net.Addr) []byte {
	if from == nil {
		return nil
	}
	key := from.String()
	a.mu.Lock()
	h, known := a.senders[key]
	a.mu.Unlock()
	if known {
		return h
	}
	peer, ok := hostPort(from)
	if !ok {
		return nil
	}
	req := a.datagramTo(peer)
	a.mu.Lock()
	name, known := a.used[req.Host]
	a.mu.Unlock()
	switch {
	case known && peer.Port != 0: // routers that tell no ports say 0
		name.Port = peer.Port
	case !known && a.srv.allow(a.ctx, &req) == nil:
		known, name = true, peer
	}
	if known {
		h, _ = wire.AppendDatagramHeader(nil, name) // hostPort and ConsumeAddr have bounded the name
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	insert(a.senders, key, h)
	return h
}

// insert puts a value into a table and keeps it bounded. Which value goes hardly matters: it can
// be found again.
func insert[V any](m map[string]V, key string, v V) {
	if _, known := m[key]; !known && len(m) >= maxDestinations {
		for old := range m {
			delete(m, old)
			break
		}
	}
	m[key] = v
}
