// Package parking waits for silent sockets, so that nobody else has to: many streams are silent most of the time, and a
// goroutine that waits for one costs more memory than all else that is known of it. It is only in Linux.
package parking

import (
	"errors"
	"syscall"
	"time"
)

// ErrClosed is returned by Park when one of the sockets is closed, or the lot.
var ErrClosed = errors.New("parking: closed")

// sweepEvery is how soon the lot notices that a socket which it waits for was closed in this process. The system says
// nothing about that. Tests change it.
var sweepEvery = time.Second

// Lot waits for sockets. The zero value is ready; the first use opens a descriptor, and while there is something to wait
// for, one goroutine lives. Methods may be called by several goroutines at once.
type Lot struct{ lot }

// Spot is what waits: for up to two sockets. It must stay where it is while it is parked.
type Spot struct {
	// A and B are the sockets; nil for none. They must not change while the spot is parked.
	A, B syscall.RawConn
	// Wake is called once when one of them can be read, has ended or failed, or was closed. It must not block, and may
	// park the spot again.
	Wake func()

	spot
}

// Park begins to wait, until Wake is about to be called or Leave is called. What there is to read already counts. A
// parked spot must not be parked again. It fails with [ErrClosed], with [errors.ErrUnsupported] on other systems, or with
// the system's error; then nothing waits.
func (l *Lot) Park(s *Spot) error { return l.lot.park(s) }

// Leave ends the waiting. It is false if there was none, as when Wake is called at this moment. A spot should leave
// before its sockets are closed.
func (l *Lot) Leave(s *Spot) bool { return l.lot.leave(s) }

// Len returns how many are parked.
func (l *Lot) Len() int { return l.lot.len() }

// Close closes the lot when nobody is parked. It is for the end: nothing can be parked any more.
func (l *Lot) Close() { l.lot.close() }
