package sam

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

// live is a session on the router, from its creation to its end. It owns all that dies with it: the
// control connection, streams, waiting ACCEPTs and subsessions.
type live struct {
	session  *Session
	identity keys.Identity
	bridge   bridge
	profile  profile
	style    style
	id       string // of the session, or of the subsession for streams
	local    dialer.Addr
	control  *control
	pulse    *pulse
	subs     subsessions
	spare    spare
	ctx      context.Context // ends with the session
	kill     context.CancelCauseFunc
	accepts  outcome // of the first ACCEPT

	mu      sync.Mutex
	ended   bool
	streams map[*stream]struct{}
	last    time.Time // when a stream was closed last
	tasks   sync.WaitGroup
}

// Context ends with the session; its cause is the reason.
func (l *live) Context() context.Context { return l.ctx }

// Router says what answers.
func (l *live) Router() string { return l.profile.name }

// Rest is how long the router has the identity after the control connection was closed.
func (l *live) Rest() time.Duration { return l.profile.rest }

// task runs f in a goroutine that End waits for, unless the session has ended.
func (l *live) task(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.tasks.Go(f)
	}
}

// How long the end of a session may take, in all some seconds more than the sum of some of these.
const (
	closeGrace    = 5 * time.Second // for what was written to be taken by the router
	drainGrace    = time.Second     // for what a lost session has still left in its connections
	removeTimeout = 2 * time.Second // for all subsessions
)

// End ends the streams, then the session. i2pd throws away what streams hold when their session goes
// first, and does not tell peers any more that they are over.
func (l *live) End(why error) {
	l.mu.Lock()
	l.ended = true
	streams := slices.Collect(maps.Keys(l.streams))
	l.mu.Unlock()
	orderly := errors.Is(why, dialer.ErrSessionClosed)
	if errors.Is(why, errSilent) {
		l.bridge.hangs.Store(true)
	}
	var gone sync.WaitGroup
	for _, s := range streams {
		if orderly {
			gone.Go(func() { s.Close(); s.awaitGone(closeGrace) })
		} else {
			gone.Go(func() { s.lose(why); s.awaitGone(drainGrace) })
		}
	}
	gone.Wait()
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	sleep(l.control.over, l.profile.linger-time.Since(last))
	l.kill(why)
	l.tasks.Wait()
	l.spare.close()
	l.removeAll()
	l.control.end(why)
	l.pulse.stop()
}

// abort ends the session first, since with it the router takes the identity down, and then the streams. What End waits for is
// over then.
func (l *live) abort() {
	l.control.end(dialer.ErrSessionClosed)
	l.mu.Lock()
	streams := slices.Collect(maps.Keys(l.streams))
	l.mu.Unlock()
	for _, s := range streams {
		s.cut()
	}
}

// add takes a stream in, or reports false when the session has ended.
func (l *live) add(s *stream) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.streams[s] = struct{}{}
		l.session.traffic.open.Add(1)
	}
	return !l.ended
}

func (l *live) remove(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.streams[s]; ok {
		delete(l.streams, s)
		l.last = time.Now()
		l.session.traffic.open.Add(-1)
	}
}

// within returns a context that ends with ctx and with the session.
func (l *live) within(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.ctx, func() { cancel(l.over()) })
	return ctx, func(cause error) { stop(); cancel(cause) }
}

// over returns why nothing more can be had from a session that has ended or is being closed.
func (l *live) over() error {
	if l.ctx.Err() == nil || errors.Is(context.Cause(l.ctx), dialer.ErrSessionClosed) {
		return dialer.ErrSessionClosed
	}
	return errOver
}

var errOver = fmt.Errorf("%w: the session ended", dialer.ErrRouterDown)

// open returns a fresh connection to the session's bridge for one stream.
func (l *live) open(ctx context.Context) (net.Conn, error) {
	conn, _, err := l.bridge.open(ctx)
	return conn, err
}
