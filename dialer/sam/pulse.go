package sam

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How a session finds out that its router hangs, or is no longer at the other end.
const (
	lookEvery    = 10 * time.Second // at the clocks
	checkEvery   = time.Minute      // without a word from the router
	checkTimeout = 30 * time.Second // for its answer
	clockJump    = 5 * time.Second  // between the clocks, after which they count as set
)

var errSilent = down(errors.New("the router does not answer any more"))

// pulse ends the session whose router hangs, or went away without a word as those behind a network do, or
// was gone when a suspended machine came back: nothing else may say that of a session. It has no goroutine, but
// for the time of a question.
type pulse struct {
	live *live
	wall func() time.Time

	mu             sync.Mutex
	timer          *time.Timer
	last, lastWall time.Time // when it looked last
	proven         time.Time // when the router answered on another connection last
	asking         bool
}

func newPulse(l *live, wall func() time.Time) *pulse {
	p := &pulse{live: l, wall: wall, last: time.Now(), lastWall: wall()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(lookEvery, p.look)
	return p
}

func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
}

// look asks for a sign of life if the session was silent for long, or the clock has jumped.
func (p *pulse) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live.ctx.Err() != nil {
		return
	}
	p.timer.Reset(lookEvery)
	now, wall := time.Now(), p.wall()
	jumped := (wall.Sub(p.lastWall) - now.Sub(p.last)).Abs() > clockJump
	p.last, p.lastWall = now, wall
	heard := p.live.control.heard()
	if p.proven.After(heard) {
		heard = p.proven
	}
	if !p.asking && (jumped || now.Sub(heard) >= checkEvery) {
		p.asking = true
		p.live.task(p.ask)
	}
}

// ask asks, and ends the session if there is no answer; any line is one.
func (p *pulse) ask() {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(p.live.ctx, checkTimeout)
	defer cancel()
	proven, err := p.question(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asking = false
	if proven {
		p.proven = time.Now()
		return
	}
	if err != nil && !isScarce(err) && p.live.control.heard().Before(begin) {
		p.live.kill(errSilent)
	}
}

// question asks what all routers answer from memory: i2pd ends a session at a PING, and an idle Java I2P,
// which sends PINGs every three minutes, is never idle for so long. Where datagrams come on the control connection of i2pd
// nothing else can be said there, and another connection has to prove the router alive.
func (p *pulse) question(ctx context.Context) (proven bool, err error) {
	l := p.live
	if l.profile.frail && l.style.overControl {
		conn, err := l.open(ctx)
		if err == nil {
			conn.Close()
		}
		return err == nil, err
	}
	_, err = l.control.call(ctx, command("NAMING", "LOOKUP", "NAME", "ME"))
	return false, err
}

// wallClock returns the time of day. On most systems the clock that time.Since goes by stands still
// while the machine is suspended, and this one does not.
func (s *Session) wallClock() time.Time {
	if s.clock != nil {
		return s.clock().Round(0)
	}
	return time.Now().Round(0)
}
