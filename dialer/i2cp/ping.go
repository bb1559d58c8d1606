package i2cp

import (
	"context"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/keys"
)

// pingTimeout is how long an answer is waited for.
const pingTimeout = 30 * time.Second

// Ping checks whether a destination is online, by a ping of the streaming protocol, and returns the round-trip time.
// i2pd answers for all its destinations, Java I2P unless configured otherwise, a Session if AnswerPings is set. No
// answer within 30 s is [dialer.ErrTimeout], which does not mean that the destination is offline.
func (s *Session) Ping(ctx context.Context, host string) (time.Duration, error) {
	to, err := dialer.ParseTarget("i2p", host+":0")
	if err != nil {
		return 0, dialer.OpError("ping", nil, err)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	d, err := s.resolve(ctx, to)
	if err == nil {
		_, err = s.await(ctx)
	}
	if err != nil {
		return 0, dialer.OpError("ping", to.Addr, err)
	}
	trip, err := s.machine.ping(ctx, d)
	return trip, dialer.OpError("ping", to.Addr, err)
}

func (m *machine) ping(ctx context.Context, d keys.Destination) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pingTimeout, fmt.Errorf("%w: no answer to a ping", dialer.ErrTimeout))
	defer cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.engine.Ping(time.Now(), d, 0, 0)
	m.settle()
	defer m.wakeAt(ctx, &m.answered)()
	for ctx.Err() == nil && !m.closed {
		if trip, ok := p.Answered(); ok {
			return trip, nil
		}
		m.answered.Wait()
	}
	if m.closed {
		return 0, dialer.ErrSessionClosed
	}
	return 0, keeper.ContextError(ctx)
}
