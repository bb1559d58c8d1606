package socks

import (
	"cmp"
	"context"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
	"github.com/go-i2p/i2psocks/socks/internal/parking"
)

// relayOptions bounds a relay. In all fields zero or less means none.
type relayOptions struct {
	IdleTimeout      time.Duration // silence in both directions
	HalfCloseTimeout time.Duration // silence once one direction is over
	// ReadAhead is how many bytes are taken from the peer ahead of a client
	// that is too slow. A peer's transport may throw away what was not taken
	// when the peer closes.
	ReadAhead int
	Budget    *bytequeue.Budget // memory for ReadAhead, shared with other relays; nil is unlimited
	// Halves asks after clients that have ended their direction; nil does not. Place is the client's there.
	Halves *halfClosed
	Place  *place
	// Lot waits for relays that have been silent for ParkAfter, or 50 ms; nil lets them wait themselves.
	Lot       *parking.Lot
	ParkAfter time.Duration
	Observer  Observer // sees the beginning of both directions
}

// relayStats counts the bytes that were delivered.
type relayStats struct {
	Sent     int64 // client to peer, with the early ones
	Received int64 // peer to client
}

// halfCloser is a connection that can end one direction and keep the other.
type halfCloser interface{ CloseWrite() error }

// newRelay is a relay that copies early and then all that client sends to peer, and all that peer
// sends to client, once it has begun. It calls done when both directions are over, and at once when
// ctx, a timeout or the watch ends it, then with the cause or an error that is
// [os.ErrDeadlineExceeded]. It closes neither connection but may leave past
// deadlines on them.
//
// The end of one direction is passed on where the receiving side has
// CloseWrite. A peer without it is kept open until it ends too, and its end is
// the end of both directions, since its transport has no half-close.
func newRelay(ctx context.Context, client, peer net.Conn, opt relayOptions, done func(*watch, relayStats, error)) *watch {
	sent, received := looks(opt.Observer)
	up := &flow{src: client, dst: peer, look: sent}
	down := &flow{src: peer, dst: client, look: received}
	if opt.ReadAhead > 0 {
		down.ahead = &backlog{flow: down}
	}
	w := newWatch(opt, up, down)
	w.done = done
	if ctx.Done() != nil {
		w.stop = context.AfterFunc(ctx, func() { w.end(context.Cause(ctx)) })
	}
	return w
}

// begin starts the relay in goroutines of its own: the stack of who has dialled is larger than they need. The client's
// direction, which most protocols begin with, is the first that runs.
func (w *watch) begin(early []byte) {
	go w.run(w.down, nil)
	go w.run(w.up, early)
}

// run runs one direction until it is over or parked. What comes after the last is done here.
func (w *watch) run(f *flow, early []byte) {
	srcErr, dstErr := f.run(early)
	switch {
	case srcErr == errParked:
		return
	case f == w.up:
		w.sent(srcErr, dstErr)
	default:
		w.received(srcErr, dstErr)
	}
	if w.over(f) {
		if w.stop != nil {
			w.stop()
		}
		w.done(w, relayStats{Sent: w.up.moved.Load(), Received: w.down.moved.Load()}, w.close())
	}
}

// sent acts on the end of the direction from client to peer.
func (w *watch) sent(srcErr, dstErr error) {
	switch {
	case srcErr != nil: // the client is gone
		w.end(srcErr)
	case dstErr != nil: // what the peer sent before is still delivered
		w.halfEnd(dstErr)
	default:
		peer, told := w.up.dst.(halfCloser)
		if told {
			peer.CloseWrite() // if it fails, reading from the peer tells why
		}
		w.halfEnd(nil)
		w.clientEnded(told)
	}
}

// clientEnded sees to how long to go on: no longer once the client is gone wholly, and not for long once the server
// drains, if the peer was not told of the client's end.
func (w *watch) clientEnded(told bool) {
	w.hurry(func() { w.untold = !told })
	if w.opt.Halves != nil {
		w.leaver = w.opt.Halves.add(w, w.opt.Place)
	}
}

// received acts on the end of the direction from peer to client.
func (w *watch) received(srcErr, dstErr error) {
	if err := cmp.Or(dstErr, srcErr); err != nil {
		w.end(err)
		return
	}
	if _, ok := w.down.src.(halfCloser); ok && !w.clientHasEnded() {
		w.halfEnd(nil)
	} else {
		w.end(nil) // first, or a client closed in both directions might seem to be gone
	}
	if client, ok := w.down.dst.(halfCloser); ok {
		client.CloseWrite()
	}
}
