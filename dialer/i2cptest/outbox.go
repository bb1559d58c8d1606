package i2cptest

import (
	"net"
	"sync"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

// outbox is what waits to be written to a client. A router does not wait for a client that does not read: it throws
// away what does not fit.
type outbox struct {
	nc    net.Conn
	limit int
	count bool // the limit is one of messages

	mu     sync.Mutex
	filled sync.Cond
	frames [][]byte
	size   int
	closed bool // nothing more comes; what is there is still written
}

func newOutbox(nc net.Conn, f *flavour) *outbox {
	o := &outbox{nc: nc, limit: f.maxQueue, count: f.java}
	o.filled.L = &o.mu
	return o
}

// push queues a message and reports whether it was taken.
func (o *outbox) push(m i2cpwire.Message) bool {
	frame, err := i2cpwire.Append(nil, m)
	if err != nil {
		panic("i2cptest: " + err.Error()) // what is too long is not taken from a client
	}
	return o.pushRaw(frame)
}

func (o *outbox) pushRaw(frame []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return true // gone with the connection, which is no fault of the client's
	}
	if o.count && len(o.frames) >= o.limit || !o.count && o.size+len(frame) > o.limit {
		return false
	}
	o.frames = append(o.frames, frame)
	o.size += len(frame)
	o.filled.Signal()
	return true
}

// close ends the box once it is empty, and the connection with it.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.filled.Signal()
}

// run writes until close or until the client is gone.
func (o *outbox) run() {
	defer o.nc.Close()
	for {
		o.mu.Lock()
		for len(o.frames) == 0 && !o.closed {
			o.filled.Wait()
		}
		frames := o.frames
		o.frames, o.size = nil, 0
		o.mu.Unlock()
		if len(frames) == 0 {
			return
		}
		for _, f := range frames {
			if _, err := o.nc.Write(f); err != nil {
				o.close()
				return
			}
		}
	}
}
