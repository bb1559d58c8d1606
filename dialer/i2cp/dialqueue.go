package i2cp

import (
	"context"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/keys"
)

// dials are those of one destination.
type dials struct {
	all      int // those that wait for their turn included
	calling  int // that wait for an answer
	failures int // of those that called a destination that was not met
	err      error
}

// maxDials is how many calls of one destination wait for their answers at once. The rest wait for them: routers push
// back no more than for data, and cut off a pair of which too much is lost. A destination that is not met, see
// package streaming, is called by one alone, whose failure is that of all who wait for it.
const maxDials = 64

// queue waits for the caller's turn among those who dial a destination. The caller holds mu.
func (m *machine) queue(ctx context.Context, to keys.Destination) error {
	q := m.dials[to]
	if q == nil {
		q = new(dials)
		m.dials[to] = q
	}
	q.all++
	defer m.wakeAt(ctx, &m.dialled)()
	seen := q.failures
	for m.crowded(q, to) && q.failures == seen && ctx.Err() == nil && !m.closed {
		m.dialled.Wait()
	}
	var err error
	switch {
	case m.closed:
		err = dialer.ErrSessionClosed
	case ctx.Err() != nil:
		err = keeper.ContextError(ctx)
	case q.failures != seen:
		err = q.err
	}
	if err != nil {
		m.leave(q, to)
		return err
	}
	q.calling++
	return nil
}

// crowded reports whether a further dial has to wait.
func (m *machine) crowded(q *dials, to keys.Destination) bool {
	return q.calling >= maxDials || q.calling > 0 && !m.engine.Met(time.Now(), to)
}

// unqueue ends a dial. failed is why, if it is nothing of the caller's.
func (m *machine) unqueue(to keys.Destination, failed error) {
	q := m.dials[to]
	q.calling--
	if failed != nil && !m.engine.Met(time.Now(), to) {
		q.failures++
		q.err = failed
	}
	m.leave(q, to)
	m.dialled.Broadcast()
}

func (m *machine) leave(q *dials, to keys.Destination) {
	if q.all--; q.all == 0 {
		delete(m.dials, to)
	}
}
