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

// removeTimeout bounds the time in which a session that ends takes leave of its subsessions.
const removeTimeout = 2 * time.Second

// subsessions are those of a PRIMARY session. Java I2P does not end all of them with it: what was not removed
// keeps its ID and its place until the router ends. So each is removed before.
type subsessions struct {
	asking sync.Mutex // held from a request to its answer

	mu     sync.Mutex
	answer chan wire.Message   // for the answer that is due, or nil
	ids    map[string]struct{} // added and not removed
}

// on returns the style for a router: i2pd has no PRIMARY sessions, and nothing that would do in their place.
func (st style) on(r router) style {
	if st.primary && r.kind == java {
		st.name = primaryStyle
	}
	return st
}

// addCommand returns the command for a subsession and its ID. Both ports are always given, as not every router has
// defaults for them.
func (c *control) addCommand(styleName string, port uint16, params []wire.Param) (wire.Message, string) {
	id, at := sessionID(), fmt.Sprint(port)
	m := command("SESSION", "ADD", "STYLE", styleName, "ID", id, "FROM_PORT", at, "LISTEN_PORT", at)
	m.Params = append(m.Params, params...)
	c.subs.mu.Lock()
	defer c.subs.mu.Unlock()
	if c.subs.ids == nil {
		c.subs.ids = make(map[string]struct{})
	}
	c.subs.ids[id] = struct{}{} // even if no answer comes
	return m, id
}

// forget notes that a subsession is not there.
func (c *control) forget(id string) {
	c.subs.mu.Lock()
	defer c.subs.mu.Unlock()
	delete(c.subs.ids, id)
}

// answered hands an answer to who waits for it, and reports whether somebody did.
func (c *control) answered(m wire.Message) bool {
	c.subs.mu.Lock()
	defer c.subs.mu.Unlock()
	if c.subs.answer == nil {
		return false
	}
	c.subs.answer <- m
	c.subs.answer = nil
	return true
}

// request sends a command on the control connection, while run reads it, and waits for its answer.
func (l *live) request(m wire.Message) error {
	c := l.control
	c.subs.asking.Lock()
	defer c.subs.asking.Unlock()
	if l.ctx.Err() != nil {
		return contextError(l.ctx)
	}
	answer := make(chan wire.Message, 1)
	c.subs.mu.Lock()
	c.subs.answer = answer
	c.subs.mu.Unlock()
	late := time.NewTimer(bridgeTimeout)
	defer late.Stop()
	err := c.say(m)
	if err == nil {
		select {
		case reply := <-answer:
			return resultError(reply)
		case <-l.ctx.Done():
			return contextError(l.ctx)
		case <-late.C:
			err = errNoAnswer
		}
	}
	l.kill(err)
	return err
}

// add makes a subsession and returns its ID.
func (l *live) add(styleName string, port uint16, params []wire.Param) (string, error) {
	if l.control.style.name != primaryStyle {
		return "", fmt.Errorf("this router has no PRIMARY sessions: %w", errors.ErrUnsupported)
	}
	m, id := l.control.addCommand(styleName, port, params)
	err := l.request(m)
	if _, refused := errors.AsType[*ResultError](err); refused {
		l.control.forget(id)
	}
	if err != nil {
		return "", fmt.Errorf("add subsession: %w", styleError(err))
	}
	return id, nil
}

// remove ends a subsession. What the router says does not matter: Java I2P forgets some by itself.
func (l *live) remove(id string) {
	err := l.request(command("SESSION", "REMOVE", "ID", id))
	if _, refused := errors.AsType[*ResultError](err); err == nil || refused {
		l.control.forget(id)
	}
}

// addStreams makes the subsession that streams use, before anybody else reads the connection. At port 0 it gets
// the streams to all ports.
func (c *control) addStreams(ctx context.Context) error {
	if c.style.name != primaryStyle {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	m, id := c.addCommand("STREAM", 0, nil)
	reply, err := c.ask(ctx, m)
	if err == nil {
		err = resultError(reply)
	}
	if err != nil {
		return fmt.Errorf("add subsession: %w", err)
	}
	c.id = id
	return nil
}

// removeAll ends all subsessions, when nobody else reads the connection any more.
func (c *control) removeAll() {
	c.subs.asking.Lock()
	defer c.subs.asking.Unlock()
	c.subs.mu.Lock()
	ids, due := slices.Collect(maps.Keys(c.subs.ids)), c.subs.answer != nil
	c.subs.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	c.conn.SetDeadline(time.Time{}) // what has woken watch
	if due {                        // nobody waits for it any longer
		if err := interruptible(ctx, c.conn, func() error { _, err := c.read(); return err }); err != nil {
			return
		}
	}
	for _, id := range ids {
		if _, err := c.ask(ctx, command("SESSION", "REMOVE", "ID", id)); err != nil {
			return
		}
	}
}
