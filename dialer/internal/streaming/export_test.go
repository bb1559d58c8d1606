package streaming

import "github.com/stretchr/testify/require"

// SkipTo lets a stream with nothing to send go on with a later sequence number.
func SkipTo(s *Stream, seq uint32) {
	s.dropSegments()
	s.base = seq
	s.rtoAt, s.tailAt = never, never
}

// CheckInvariants requires that the books of a stream and of its peer are right.
func CheckInvariants(t require.TestingT, s *Stream) {
	inflight, lost, buffered := 0, 0, 0
	for i := range s.queue.len() {
		g := *s.queue.at(i)
		if g == nil {
			require.Less(t, i, s.sentLen)
			require.NotZero(t, i, "the front is never an acknowledged one")
			continue
		}
		require.Equal(t, i < s.sentLen, g.sends > 0)
		buffered += len(g.data)
		switch {
		case g.lost:
			lost++
		case g.sends > 0 && g.counted():
			inflight++
		}
	}
	require.Equal(t, []int{inflight, lost, buffered}, []int{s.inflight, s.lostLen, s.buffered})
	require.GreaterOrEqual(t, s.peer.inflight, s.inflight)
	held, unread := 0, -s.inOffset
	for i := range s.in.len() {
		unread += len(*s.in.at(i))
		held += chunkLen
	}
	require.Equal(t, max(unread, 0), s.unread)
	ahead := slotCost * s.ahead.len()
	for i := range s.ahead.len() {
		if b := *s.ahead.at(i); b != nil {
			ahead += len(b) + blockCost
		}
	}
	require.Equal(t, ahead, s.aheadBytes)
	require.Equal(t, held+ahead, s.heldBytes)
	if n := s.ahead.len(); n > 0 {
		require.NotNil(t, *s.ahead.at(n - 1))
		require.Nil(t, *s.ahead.at(0))
	}
}

// CheckIdle requires that an engine without streams has clean books.
func CheckIdle(t require.TestingT, e *Engine) {
	require.Empty(t, e.streams)
	require.Empty(t, e.byRemote)
	require.Empty(t, e.timers)
	require.Zero(t, e.unacknowledged)
	for _, p := range e.peers {
		require.Zero(t, p.inflight)
		require.Zero(t, p.streams)
		require.Zero(t, p.opened)
	}
}

// Remembered is how many destinations and ended streams an engine remembers.
func Remembered(e *Engine) (peers, waits int) { return len(e.peers), len(e.waits.byID) }

// WaitingPings is how many pings wait for their destinations.
func WaitingPings(e *Engine) (n int) {
	for _, p := range e.peers {
		if p.waiting != nil {
			n += p.waiting.pings.len()
		}
	}
	return n
}

// Spare is how many free buffers an engine keeps.
func Spare(e *Engine) (chunks, segments int) { return len(e.memory.chunks), len(e.memory.segments) }

// Timers is how many timers an engine waits for.
func Timers(e *Engine) int { return len(e.timers) }
