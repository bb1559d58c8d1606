package samtest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// maxSegment is how much one read of a client's socket takes. It is more than
// a line may have, so that a line sent in one write arrives in one segment.
const maxSegment = 16 << 10

// pump reads a client's socket ahead while lines are spoken, so that a client
// that leaves is noticed although a command of its is still in work.
type pump struct {
	nc   net.Conn
	segs chan []byte   // what was read, one read each
	gone chan struct{} // closed when nothing more will be read
	quit chan struct{} // closed by the reader when it wants no more
	err  error         // why; read it after gone
}

func startPump(wg *sync.WaitGroup, nc net.Conn) *pump {
	p := &pump{nc: nc, segs: make(chan []byte, 16), gone: make(chan struct{}), quit: make(chan struct{})}
	wg.Go(p.run)
	return p
}

func (p *pump) run() {
	defer close(p.gone)
	buf := make([]byte, maxSegment)
	for {
		n, err := p.nc.Read(buf)
		if n > 0 && !p.deliver(bytes.Clone(buf[:n])) {
			err = net.ErrClosed
		}
		if err != nil {
			p.err = err
			return
		}
	}
}

// deliver waits for room, so that a client that floods is held back.
func (p *pump) deliver(seg []byte) bool {
	select {
	case p.segs <- seg:
		return true
	case <-p.quit:
		return false
	}
}

// stop ends the pump and returns what it had read ahead; ended reports that
// the client has closed its side.
func (p *pump) stop() (rest []byte, ended bool) {
	p.nc.SetReadDeadline(time.Unix(1, 0))
	for {
		select {
		case seg := <-p.segs:
			rest = append(rest, seg...)
			continue
		case <-p.gone:
		}
		break
	}
	for len(p.segs) > 0 {
		rest = append(rest, <-p.segs...)
	}
	p.nc.SetReadDeadline(time.Time{})
	return rest, !errors.Is(p.err, os.ErrDeadlineExceeded)
}
