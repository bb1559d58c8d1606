package i2cp

import (
	"maps"
	"slices"
	"time"
)

// closeAll closes listeners, packet connections and streams, and waits for a while until what was written to streams is
// delivered.
func (m *machine) closeAll() {
	m.mu.Lock()
	m.closed = true // from now on there are no new ones
	m.dialled.Broadcast()
	m.answered.Broadcast()
	listeners := slices.Collect(maps.Values(m.listeners))
	packets := slices.Collect(maps.Values(m.packets))
	m.mu.Unlock()
	for _, ln := range listeners {
		ln.Close()
	}
	for _, p := range packets {
		p.Close()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for st := range m.streams {
		st.shut()
	}
	m.settle()
	timer := time.AfterFunc(closeGrace, m.hurry)
	defer timer.Stop()
	for m.undelivered() && m.live != nil && m.live.ctx.Err() == nil && !m.hurried {
		m.idle.Wait()
	}
}

// hurry makes closeAll wait no more.
func (m *machine) hurry() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hurried = true
	m.idle.Broadcast()
}

// undelivered reports whether a stream holds something that the peer has not acknowledged. The caller holds mu.
func (m *machine) undelivered() bool {
	for st := range m.streams {
		if !st.s.Delivered() {
			return true
		}
	}
	return false
}
