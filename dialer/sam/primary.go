package sam

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// primaryStyle is the STYLE of a session that has nothing but subsessions.
const primaryStyle = "PRIMARY"

// subsessions are those of a PRIMARY session that were added and not removed. Java I2P does not end all of them with it: what
// was not removed keeps its ID and its place until the router ends. So each is removed before.
type subsessions struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

// on returns the style for a router: i2pd has no PRIMARY sessions, and nothing that would do in their place.
func (st style) on(p profile) style {
	if st.primary && p.primary {
		st.name = primaryStyle
	}
	return st
}

// addSubsession makes a subsession and returns its ID. Both ports are always given, as not every router has defaults for them.
func (l *live) addSubsession(ctx context.Context, styleName string, port uint16, params []wire.Param) (string, error) {
	if l.style.name != primaryStyle {
		return "", fmt.Errorf("this router has no PRIMARY sessions: %w", errors.ErrUnsupported)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	id, at := sessionID(), fmt.Sprint(port)
	m := command("SESSION", "ADD", "STYLE", styleName, "ID", id, "FROM_PORT", at, "LISTEN_PORT", at)
	m.Params = append(m.Params, params...)
	l.subs.note(id) // even if no answer comes
	reply, err := l.control.call(ctx, m)
	if err != nil {
		l.removeSubsession(id) // it may come late, and would keep its place
		return "", fmt.Errorf("add subsession: %w", err)
	}
	if err := resultError(reply); err != nil {
		l.subs.forget(id)
		return "", fmt.Errorf("add subsession: %w", styleError(err))
	}
	return id, nil
}

// removeSubsession ends a subsession. The session is none the worse if that takes long; what is returned is closed when it is done.
func (l *live) removeSubsession(id string) <-chan struct{} {
	done := make(chan struct{})
	l.task(func() {
		defer close(done)
		ctx, cancel := context.WithTimeoutCause(l.control.over, 2*maxTurn, errNoAnswer)
		defer cancel()
		defer context.AfterFunc(l.ctx, func() { // or the end of the session would ask again, behind a question without answer
			sleep(ctx, removeTimeout/2)
			cancel()
		})()
		l.removeID(ctx, id)
	})
	return done
}

// removeID asks for the end of a subsession. What the router says does not matter: Java I2P forgets some by itself.
func (l *live) removeID(ctx context.Context, id string) {
	if _, err := l.control.call(ctx, command("SESSION", "REMOVE", "ID", id)); err == nil {
		l.subs.forget(id)
	}
}

func (s *subsessions) note(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids = make(map[string]struct{})
	}
	s.ids[id] = struct{}{}
}

func (s *subsessions) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, id)
}

// addStreams makes the subsession that streams use. At port 0 it gets the streams to all ports.
func (l *live) addStreams(ctx context.Context) error {
	if l.style.name != primaryStyle {
		return nil
	}
	id, err := l.addSubsession(ctx, "STREAM", 0, nil)
	if err == nil {
		l.id = id
	}
	return err
}

// removeAll ends all subsessions.
func (l *live) removeAll() {
	ctx, cancel := context.WithTimeout(l.control.over, removeTimeout)
	defer cancel()
	l.subs.mu.Lock()
	ids := slices.Collect(maps.Keys(l.subs.ids))
	l.subs.mu.Unlock()
	if len(ids) > 0 { // what is being asked, such as for a sign of life, is most often answered at once
		defer time.AfterFunc(removeTimeout/2, l.control.hurry).Stop()
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			return
		}
		l.removeID(ctx, id)
	}
}
