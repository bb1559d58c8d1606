package socks

import (
	"net"
	"sync"
	"time"
)

// maxPatience is how long a client may be busy before the backlog takes over, or twice that. Far less than what a router
// bears, it keeps a fast client on the fast path.
const maxPatience = 100 * time.Millisecond

// patience bounds waits that are many and short. A deadline for each would wake the poller each time, so one timer looks
// after them, now and then while there are any.
type patience struct {
	watch *watch
	conn  net.Conn // what waits writes to it

	mu      sync.Mutex
	timer   *time.Timer // nil before the first wait
	ticking bool
	waiting bool
	waits   uint // that have begun
	seen    uint // waits when the timer looked last
	rung    bool // the deadline is in force
}

func (p *patience) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = true
	p.waits++
	switch {
	case p.ticking:
		return
	case p.timer == nil:
		p.timer = time.AfterFunc(maxPatience, p.tick)
	default:
		p.timer.Reset(maxPatience)
	}
	p.ticking, p.seen = true, p.waits
}

func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = false
	if p.rung {
		p.rung = false
		p.watch.setWriteDeadline(p.conn, time.Time{})
	}
}

// tick interrupts a wait that went on when it looked last, and looks again as long as there was another one meanwhile.
func (p *patience) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticking = p.waits != p.seen
	switch {
	case p.ticking:
		p.seen = p.waits
		p.timer.Reset(maxPatience)
	case p.waiting:
		p.rung = true
		p.watch.setWriteDeadline(p.conn, past)
	}
}

// stop ends the timer, once nothing waits any more.
func (p *patience) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
}
