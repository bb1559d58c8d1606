package i2cp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

// outgoing is what waits to be written to the router beside the packets of streams, which wait in the machine.
type outgoing struct {
	mu     sync.Mutex
	frames []byte
	space  chan struct{} // closed and replaced when frames were taken
	kick   chan struct{} // one place: there is something to write
}

const (
	maxOutgoing  = 256 << 10 // of datagrams that wait; the rest waits in their writers
	maxStuck     = 4 << 20   // of all that waits; a router that takes less than that is of no use
	maxBatch     = 64 << 10  // written at once, so that a lease set never waits for more
	writeTimeout = time.Minute
)

func (o *outgoing) init() { o.space, o.kick = make(chan struct{}), make(chan struct{}, 1) }

func (o *outgoing) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// take returns all that waits.
func (o *outgoing) take(b []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) == 0 {
		return b
	}
	b = append(b, o.frames...)
	o.frames = o.frames[:0]
	if cap(o.frames) > 2*maxOutgoing {
		o.frames = nil
	}
	close(o.space)
	o.space = make(chan struct{})
	return b
}

// send queues a message of the session itself; it never waits.
func (l *live) send(m i2cpwire.Message) {
	frame, err := i2cpwire.Append(nil, m)
	if err != nil {
		l.kill(fmt.Errorf("%w: %w", dialer.ErrRouter, err)) // such as a lease set of too many clients
		return
	}
	l.sendFrame(frame)
}

// sendFrame queues a message that is encoded already; it never waits.
func (l *live) sendFrame(frame []byte) {
	l.out.mu.Lock()
	full := len(l.out.frames) > maxStuck
	if !full {
		l.out.frames = append(l.out.frames, frame...)
	}
	l.out.mu.Unlock()
	if full {
		l.kill(fmt.Errorf("%w: it takes no messages", dialer.ErrRouterDown))
		return
	}
	l.out.wake()
}

// sendWithin queues a message when there is room, until ctx or the session ends.
func (l *live) sendWithin(ctx context.Context, m i2cpwire.Message) error {
	for {
		l.out.mu.Lock()
		if len(l.out.frames) < maxOutgoing {
			frames, err := i2cpwire.Append(l.out.frames, m)
			l.out.frames = frames
			l.out.mu.Unlock()
			l.out.wake()
			return err
		}
		space := l.out.space
		l.out.mu.Unlock()
		select {
		case <-space:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.ctx.Done():
			return down(context.Cause(l.ctx))
		}
	}
}

// write is the one goroutine that writes to the router: messages first, then the packets of streams, of which it takes
// no more than the router does.
func (l *live) write() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var batch []byte
	var deadline time.Time
	for {
		batch, deadline = l.session.machine.next(l, l.out.take(batch[:0]))
		if len(batch) > 0 {
			l.wire.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := l.wire.conn.Write(batch); err != nil {
				l.kill(down(fmt.Errorf("connection lost: %w", err)))
				return
			}
			continue
		}
		wait := time.Hour
		if !deadline.IsZero() {
			wait = max(time.Until(deadline), 0)
		}
		timer.Reset(wait)
		select {
		case <-l.out.kick:
		case <-timer.C:
		case <-l.ctx.Done():
			return
		}
	}
}
