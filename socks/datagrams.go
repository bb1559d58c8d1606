package socks

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// maxReadErrors is how many times in a row a socket may fail before the association ends. Some systems report
// through a read that an earlier datagram was not wanted.
const maxReadErrors = 16

// up carries the client's datagrams to its peers.
func (a *association) up() {
	buf := make([]byte, datagramBuffer)
	for errs := 0; ; {
		n, from, err := a.local.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errs++; a.isOver(err, errs) {
				return
			}
			continue
		}
		errs = 0
		frag, addr, data, err := wire.ConsumeDatagram(buf[:n])
		if err != nil || frag != 0 || !a.isClient(from) || !a.observed(addr, data) || !a.forward(addr, data) {
			a.dropped.Add(1)
		}
	}
}

// observed shows a datagram to the observer. It is false if that ends the association.
func (a *association) observed(addr, data []byte) bool {
	if a.observer == nil {
		return true
	}
	to, _, _ := wire.ConsumeAddr(addr) // has been read before
	req := a.datagramTo(to)
	more, err := a.observer.Datagram(req.Host, data)
	if !more {
		a.observer = nil
	}
	if err != nil {
		a.end(err)
	}
	return err == nil
}

// forward sends a datagram, or keeps it until its destination is known. It is false if neither can be.
func (a *association) forward(addr, data []byte) bool {
	a.mu.Lock()
	d := a.destinations[string(addr)]
	if d != nil && d.ready {
		to := d.addr
		a.mu.Unlock()
		a.send(data, to)
		return true
	}
	defer a.mu.Unlock()
	if d == nil {
		d = a.discover(addr)
	}
	return d != nil && a.enqueue(d, data)
}

// send gives a datagram to the dialer; to a refused destination, which is nil, it is dropped.
func (a *association) send(data []byte, to net.Addr) {
	if to != nil {
		if _, err := a.remote.WriteTo(data, to); err == nil {
			a.progress()
			a.sent.Add(1)
			return
		}
	}
	a.dropped.Add(1)
}

// down carries the peers' datagrams to the client.
func (a *association) down() {
	buf := make([]byte, datagramBuffer)
	for errs := 0; ; {
		n, from, err := a.remote.ReadFrom(buf[wire.MaxDatagramHeader:])
		if err != nil {
			if errs++; a.isOver(err, errs) {
				return
			}
			continue
		}
		errs = 0
		if !a.deliver(buf, n, from) {
			a.dropped.Add(1)
		}
	}
}

// deliver sends the n bytes behind the room for a header to the client.
func (a *association) deliver(buf []byte, n int, from net.Addr) bool {
	client, known := a.clientAddr()
	if !known {
		return false
	}
	h := a.header(from)
	if len(h) == 0 {
		return false
	}
	start := wire.MaxDatagramHeader - len(h)
	copy(buf[start:], h)
	if _, err := a.local.WriteToUDPAddrPort(buf[start:wire.MaxDatagramHeader+n], client); err != nil {
		return false
	}
	a.progress()
	a.received.Add(1)
	return true
}

// isOver ends the association if a socket that has now failed so many times in a row is of no more use.
func (a *association) isOver(err error, errs int) bool {
	if a.ctx.Err() != nil {
		return true
	}
	if errors.Is(err, net.ErrClosed) || errs >= maxReadErrors {
		a.end(fmt.Errorf("socks: datagrams: %w", err))
		return true
	}
	wait(a.ctx, 10*time.Millisecond)
	return false
}

func (a *association) progress() { a.last.Store(int64(time.Since(a.start))) }

// watch ends the association when nothing has moved for the time of limit, until stop is called.
func (a *association) watch(limit time.Duration) (stop func() bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var timer *time.Timer
	timer = time.AfterFunc(limit, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if quiet := time.Since(a.start) - time.Duration(a.last.Load()); quiet < limit {
			timer.Reset(limit - quiet)
			return
		}
		a.end(fmt.Errorf("socks: no datagram for %v: %w", limit, os.ErrDeadlineExceeded))
	})
	return timer.Stop
}
