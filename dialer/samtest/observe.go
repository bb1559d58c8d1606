package samtest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Command is a line that a client has sent.
type Command struct {
	Time time.Time
	Conn int    // number of the connection, from 1
	Name string // first two words, such as "STREAM CONNECT"
	Line string // without the newline; secrets are cut out
}

// Session is a snapshot of a session.
type Session struct {
	ID          string
	Destination keys.Destination
	Options     map[string]string // as given to SESSION CREATE, without secrets
	Ready       bool              // SESSION CREATE is answered, or about to be
	Accepts     int               // waiting STREAM ACCEPTs
	Streams     int               // streams, those that are being closed included
}

// Stats counts what happened on a bridge since it was started.
type Stats struct {
	Connections int // taken
	Open        int // of these, still open
	Commands    int // lines
	Overlong    int // lines too long for the router
	Crashes     int // lines that crashed the router
	Datagrams   int // sent by the bridge's sessions
	Lost        int // of these, not delivered
}

const (
	maxLog   = 10_000 // commands that are kept
	maxNames = 1000   // different names that are counted
)

// remember takes down a command. The caller holds the lock.
func (b *Bridge) remember(c Command) {
	b.stats.Commands++
	if b.counts == nil {
		b.counts = make(map[string]int)
	}
	verb, action, _ := strings.Cut(c.Name, " ")
	for _, name := range []string{verb, c.Name} {
		if _, known := b.counts[name]; known || len(b.counts) < maxNames {
			b.counts[name]++
		}
		if action == "" {
			break
		}
	}
	if len(b.log) < maxLog {
		b.log = append(b.log, c)
		return
	}
	b.log[b.oldest] = c
	b.oldest = (b.oldest + 1) % maxLog
}

// Commands returns the lines that clients have sent, oldest first, at most the newest 10,000.
func (b *Bridge) Commands() []Command {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	return append(slices.Clone(b.log[b.oldest:]), b.log[:b.oldest]...)
}

// Count returns how many commands of a name, such as "STREAM ACCEPT", were sent since the bridge was started. A verb
// alone counts all its commands.
func (b *Bridge) Count(name string) int {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	return b.counts[name]
}

// Sessions returns the sessions of the bridge, ordered by ID.
func (b *Bridge) Sessions() []Session {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	var list []Session
	for _, id := range slices.Sorted(maps.Keys(b.sessions)) {
		s := b.sessions[id]
		snap := Session{ID: id, Destination: s.dest, Options: maps.Clone(s.options), Ready: s.ep != nil, Streams: len(s.ends)}
		if s.ep != nil {
			snap.Accepts = s.ep.waiting(s)
		}
		list = append(list, snap)
	}
	return list
}

// Stats returns the counts of the bridge.
func (b *Bridge) Stats() Stats {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	s := b.stats
	s.Open = len(b.conns)
	return s
}

// WaitFor waits until cond is true, evaluating it whenever something happens in the network, or until ctx ends; it
// then returns the cause. cond may call the methods of bridges and network. The passing of time is not an event.
func (b *Bridge) WaitFor(ctx context.Context, cond func() bool) error {
	for {
		b.nw.mu.Lock()
		changed := b.nw.changed
		b.nw.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
