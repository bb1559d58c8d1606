package sam

import (
	"errors"
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

// pulse kills the session when its control connection is silent: when the router hangs, or went
// away without a word as those behind a network do, or was gone when a suspended machine came
// back. It asks for a sign of life, which any line is. The question is one that all routers answer
// from memory: i2pd ends a session at a PING, and an idle Java I2P, which sends PINGs every three
// minutes, is never idle for so long.
func (l *live) pulse() {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	last, lastWall := time.Now(), l.session.wall()
	var asked time.Time
	for {
		select {
		case <-ticks.C:
		case <-l.ctx.Done():
			return
		}
		now, wall := time.Now(), l.session.wall()
		jumped := (wall.Sub(lastWall) - now.Sub(last)).Abs() > clockJump
		last, lastWall = now, wall
		heard := l.control.heard()
		answered := !heard.Before(asked)
		switch {
		case answered && !jumped && now.Sub(heard) < checkEvery:
		case answered:
			asked = now
			if err := l.control.say(command("NAMING", "LOOKUP", "NAME", "ME")); err != nil {
				l.kill(err)
			}
		case now.Sub(asked) >= checkTimeout:
			l.kill(errSilent)
		}
	}
}

// wall returns the time of day. On most systems the clock that time.Since goes by stands still
// while the machine is suspended, and this one does not.
func (s *Session) wall() time.Time {
	if s.clock != nil {
		return s.clock().Round(0)
	}
	return time.Now().Round(0)
}
