package i2cptest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Message is a message that a client has sent. Messages with payloads are only counted.
type Message struct {
	Time time.Time
	Conn int    // number of the connection, from 1
	Name string // such as "CreateSession"
}

// Session is a snapshot of a session.
type Session struct {
	ID          uint16
	Destination keys.Destination
	Options     map[string]string
	Ready       bool // its lease set is known
	Encrypted   bool // that of type 5
	LeaseSets   int  // taken so far
}

// Stats counts what happened on a router since it was started.
type Stats struct {
	Connections int // taken
	Open        int // of these, still open
	Crashes     int // messages that crashed the router
	Messages    int // sent by the router's sessions
	Bytes       int // payloads of these
	Lost        int // of these, lost on the link or to nobody
	Overflow    int // what clients did not take in time
}

const maxLog = 10_000 // messages that are kept

// Messages returns what clients have sent, oldest first, at most the newest 10,000.
func (r *Router) Messages() []Message {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	return append(slices.Clone(r.log[r.oldest:]), r.log[:r.oldest]...)
}

// Count returns how many messages of a name, such as "HostLookup", were sent.
func (r *Router) Count(name string) int {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	return r.counts[name]
}

// Sessions returns the sessions of the router, ordered by ID.
func (r *Router) Sessions() []Session {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	var list []Session
	for id, s := range r.sessions {
		list = append(list, Session{id, s.dest, maps.Clone(s.options), s.published > 0, s.encrypted != nil, s.published})
	}
	slices.SortFunc(list, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Stats returns the counts of the router.
func (r *Router) Stats() Stats {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	s := r.stats
	s.Open = len(r.conns)
	return s
}

// WaitFor waits until cond is true, evaluating it whenever something happens in the network, or until ctx ends; it
// then returns the cause. cond may call the methods of routers and network. The passing of time is not an event.
func (nw *Network) WaitFor(ctx context.Context, cond func() bool) error {
	for {
		nw.mu.Lock()
		changed := nw.changed
		nw.mu.Unlock()
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

// record notes a message. The caller holds the lock.
func (r *Router) record(c *conn, name string, carries bool) {
	r.counts[name]++
	if !carries {
		m := Message{time.Now(), c.number, name}
		if len(r.log) < maxLog {
			r.log = append(r.log, m)
		} else {
			r.log[r.oldest] = m
			r.oldest = (r.oldest + 1) % maxLog
		}
		r.nw.notify()
	}
}
