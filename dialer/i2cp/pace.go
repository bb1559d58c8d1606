package i2cp

import (
	"context"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
)

// pace lets so many datagrams a second pass, and some at once. The zero value lets all pass.
type pace struct {
	every time.Duration // from one to the next

	mu  sync.Mutex
	due time.Time // of the next one, if they came without a pause
}

const (
	defaultRate = 1000
	burst       = 64 // at once: routers drop what exceeds the queue of a tunnel
)

// newPace makes one of a number per second, as in Session.DatagramRate.
func newPace(rate int) pace {
	switch {
	case rate < 0:
		return pace{}
	case rate == 0:
		rate = defaultRate
	}
	return pace{every: time.Second / time.Duration(rate)}
}

// wait returns when it is the caller's turn.
func (p *pace) wait(ctx context.Context) error {
	if p.every == 0 {
		return nil
	}
	p.mu.Lock()
	now := time.Now()
	if earliest := now.Add(-burst * p.every); p.due.Before(earliest) {
		p.due = earliest
	}
	p.due = p.due.Add(p.every)
	left := p.due.Sub(now)
	p.mu.Unlock()
	if left > 0 && !pause(ctx, left) {
		return keeper.ContextError(ctx)
	}
	return nil
}
