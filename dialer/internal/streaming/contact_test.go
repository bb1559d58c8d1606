package streaming_test

import (
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/streamingsim"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// acquaint is an engine that dials a peer it does not know three times, and sends one packet.
func acquaint(t *testing.T, r streaming.Ratchet) *script {
	s := newScript(t, streaming.Config{GiveUp: 5 * time.Minute})
	s.e.Rerouted(s.now, r)
	for range 3 {
		_, err := s.e.Dial(s.peer, 0, 80)
		require.NoError(t, err)
	}
	out := s.drain()
	counts(t, 1, out)
	assert.True(t, out[0].o.First)
	return s
}

// mayAsk returns whether the engine says that what waited may ask for its turn.
func (s *script) mayAsk() bool {
	for c, ok := s.e.Changed(); ok; c, ok = s.e.Changed() {
		if c.Peer == s.peer {
			return true
		}
	}
	return false
}

// i2pd up to 2.58 loses what follows the first message to a peer.
func TestOthersWaitForTheAnswer(t *testing.T) {
	s := acquaint(t, streaming.Ratchet256)
	assert.False(t, s.e.Met(s.now, s.peer))
	assert.Equal(t, streaming.Wait, s.e.Turn(s.now, s.peer, streaming.Proven))
	s.e.Reached(s.now, s.peer)
	counts(t, 0, s.pass(9*time.Second))
	assert.False(t, s.mayAsk())
	s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)
	assert.True(t, s.mayAsk())
	assert.True(t, s.e.Met(s.now, s.peer))
	assert.Equal(t, streaming.Go, s.e.Turn(s.now, s.peer, streaming.Proven))
	out := s.drain()
	counts(t, 3, out) // the first SYN again: its time was over
	for _, p := range out {
		assert.False(t, p.o.First)
	}
	// It begins anew with a peer that was not heard for long.
	s.now = s.now.Add(2 * time.Minute)
	assert.False(t, s.e.Met(s.now, s.peer))
	assert.Equal(t, streaming.First, s.e.Turn(s.now, s.peer, streaming.Proven))
	assert.Equal(t, streaming.Wait, s.e.Turn(s.now, s.peer, streaming.Proven))
}

func TestWaitInVain(t *testing.T) {
	s := acquaint(t, streaming.Ratchet256)
	s.e.Reached(s.now, s.peer)
	counts(t, 0, s.pass(9900*time.Millisecond))
	out := s.pass(time.Second)
	counts(t, 3, out)
	assert.Equal(t, streaming.Go, s.e.Turn(s.now, s.peer, streaming.Proven), "there is nothing to lose")
	for _, p := range s.pass(110 * time.Second) {
		assert.False(t, p.o.First)
	}
	out = s.pass(8200 * time.Millisecond)
	counts(t, 1, out)
	assert.True(t, out[0].o.First, "the router begins anew")
	s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)
	counts(t, 2, s.drain())
}

// A router that says nothing about a message does not hold up the rest for ever.
func TestNothingIsSaid(t *testing.T) {
	s := acquaint(t, streaming.Ratchet256)
	counts(t, 0, s.pass(29*time.Second))
	assert.NotEmpty(t, s.pass(2*time.Second))
}

// i2pd from 2.59 on makes a first message of each, and drops those that come too soon behind another.
func TestFirstsAreApart(t *testing.T) {
	s := acquaint(t, streaming.Ratchet259)
	s.e.Reached(s.now, s.peer)
	for range 2 {
		counts(t, 0, s.pass(240*time.Millisecond))
		out := s.pass(20 * time.Millisecond)
		counts(t, 1, out)
		assert.True(t, out[0].o.First)
		s.e.Reached(s.now, s.peer)
	}
}

// What cannot be sent for want of a lease set is no first message.
func TestUnreached(t *testing.T) {
	s := acquaint(t, streaming.Ratchet256)
	for range 2 {
		s.e.Unreached(s.now, s.peer)
		counts(t, 0, s.pass(900*time.Millisecond))
		out := s.pass(200 * time.Millisecond)
		counts(t, 1, out)
		assert.True(t, out[0].o.First)
	}
}

// An answer lets go what cannot have a surer one: anybody could have the rest lost.
func TestProofs(t *testing.T) {
	for name, tt := range map[string]struct {
		hear func(s *script)
		lets int // the first of the proofs that it is enough for
	}{
		"proven":  {func(s *script) { s.e.Heard(s.now, s.peer.Hash(), streaming.Proven) }, 0},
		"signed":  {func(s *script) { s.e.Heard(s.now, s.peer.Hash(), streaming.Signed) }, 1},
		"claimed": {func(s *script) { s.e.Heard(s.now, s.peer.Hash(), streaming.Claimed) }, 2},
		"anybody": {func(s *script) { s.e.HeardAnybody(s.now) }, 3},
		"another": {func(s *script) { s.e.Asked(s.now, keys.Destination{}, [32]byte{1}, streaming.Proven) }, 4},
		// What somebody else may have kept and sends again.
		"a SYN to whomever": {func(s *script) {
			syn := s.opens(i2pdSYN)
			syn.Nacks = nil
			assert.ErrorIs(s, s.send(syn), streaming.ErrNotAllowed)
		}, 1},
		"a stream of whomever": {func(s *script) {
			_, err := s.e.Listen(0)
			require.NoError(s, err)
			syn := s.opens(i2pdSYN)
			syn.Nacks = nil
			require.NoError(s, s.send(syn))
			require.NoError(s, s.send(packet.Packet{ReceiveID: theirID, Sequence: 1, Payload: []byte("without our number")}))
		}, 1},
		"a ping to whomever": {func(s *script) {
			require.NoError(s, s.send(packet.Packet{SendID: 7, Flags: packet.Echo | packet.FromIncluded | packet.SYN, From: s.peer.Bytes()}))
		}, 1},
		"a SYN to us": {func(s *script) { assert.ErrorIs(s, s.send(s.opens(i2pdSYN)), streaming.ErrNotAllowed) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{AnswerPings: true})
			s.e.Rerouted(s.now, streaming.Ratchet256)
			for range 3 {
				_, err := s.e.Dial(s.peer, 0, 80)
				require.NoError(t, err)
			}
			counts(t, 1, s.drain())
			s.e.Reached(s.now, s.peer)
			s.now = s.now.Add(time.Second)
			tt.hear(s)
			for p := range 4 {
				want := streaming.Wait
				if p >= tt.lets {
					want = streaming.Go
				}
				assert.Equal(t, want, s.e.Turn(s.now, s.peer, streaming.Proof(p)), p)
			}
			assert.Equal(t, tt.lets < 3, s.mayAsk())
			opens := having(s.drain(), packet.SYN)
			if tt.lets == 0 {
				counts(t, 2, opens)
			} else {
				counts(t, 0, opens)
			}
		})
	}
}

// What had an answer that proves nothing lets the next that can have a surer one go alone.
func TestSurerAnswers(t *testing.T) {
	s := newScript(t, streaming.Config{})
	s.e.Rerouted(s.now, streaming.Ratchet256)
	turns := func() (all [4]streaming.Turn) {
		for p := range all {
			all[3-p] = s.e.Turn(s.now, s.peer, streaming.Proof(3-p))
		}
		return all
	}
	const wait, first, goes = streaming.Wait, streaming.First, streaming.Go
	assert.Equal(t, [4]streaming.Turn{wait, wait, wait, first}, turns())
	s.e.HeardAnybody(s.now)
	assert.Equal(t, [4]streaming.Turn{wait, wait, first, goes}, turns())
	s.e.HeardAnybody(s.now)
	assert.Equal(t, [4]streaming.Turn{wait, wait, wait, goes}, turns())
	s.e.Heard(s.now, s.peer.Hash(), streaming.Claimed)
	assert.Equal(t, [4]streaming.Turn{wait, first, goes, goes}, turns())
	s.e.Heard(s.now, s.peer.Hash(), streaming.Claimed)
	assert.Equal(t, [4]streaming.Turn{wait, wait, goes, goes}, turns())
	s.e.Heard(s.now, s.peer.Hash(), streaming.Signed)
	assert.Equal(t, [4]streaming.Turn{first, goes, goes, goes}, turns())
	s.e.Heard(s.now, s.peer.Hash(), streaming.Signed)
	assert.Equal(t, [4]streaming.Turn{wait, goes, goes, goes}, turns())
	s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)
	assert.Equal(t, [4]streaming.Turn{goes, goes, goes, goes}, turns())
}

// What says nothing of its sender is no answer to what was not sent yet.
func TestAnybodyBefore(t *testing.T) {
	s := newScript(t, streaming.Config{})
	s.e.Rerouted(s.now, streaming.Ratchet256)
	s.e.HeardAnybody(s.now)
	s.now = s.now.Add(time.Second)
	assert.Equal(t, streaming.First, s.e.Turn(s.now, s.peer, streaming.Anybody))
	assert.Equal(t, streaming.Wait, s.e.Turn(s.now, s.peer, streaming.Anybody))
}

// What goes first is answered, or all else would wait in vain.
func TestFirstIsAnswered(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	require.NoError(t, s.send(from(id, 1, 0, 0, "data")))
	s.e.Rerouted(s.now, streaming.Ratchet256)
	out := s.pass(time.Second)
	counts(t, 1, out)
	assert.True(t, out[0].o.First)
	assert.NotZero(t, out[0].Sequence, "an acknowledgement that asks for one")
	assert.EqualValues(t, 1, out[0].AckThrough)
	s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)

	st.Reset()
	counts(t, 1, s.drain())
	s.e.Rerouted(s.now, streaming.Ratchet256)
	counts(t, 0, s.pass(10*time.Second))
	assert.True(t, st.Ended())
}

// Another router knows nobody, and one that loses nothing is given all at once.
func TestRerouted(t *testing.T) {
	s := acquaint(t, streaming.Ratchet256)
	s.e.Rerouted(s.now, streaming.Ratchet{})
	counts(t, 2, s.drain())
	assert.Equal(t, streaming.First, s.e.Turn(s.now, s.peer, streaming.Proven))
	s.e.Reached(s.now, s.peer)
	assert.Equal(t, streaming.Go, s.e.Turn(s.now, s.peer, streaming.Proven))
	counts(t, 1, s.pass(1100*time.Millisecond)) // again: nobody knows what became of it
	s.e.Rerouted(s.now, streaming.Ratchet256)
	assert.Equal(t, streaming.First, s.e.Turn(s.now, s.peer, streaming.Proven))
}

// What goes first is sent again when its time is over, and not each time that another could go.
func TestFirstIsBackedOff(t *testing.T) {
	s := newScript(t, streaming.Config{})
	_, id := s.dial(i2pdSYN)
	require.NoError(t, s.send(from(id, 1, 0, 0, "data")))
	s.e.Rerouted(s.now, streaming.Ratchet259)
	out := s.pass(100 * time.Millisecond)
	for range 8 {
		s.e.Reached(s.now, s.peer)
		out = append(out, s.pass(100*time.Millisecond)...)
	}
	counts(t, 1, out)
}

// Who waits for a peer learns that it is there, also when it was waited for in vain.
func TestHeardAtLast(t *testing.T) {
	s := acquaint(t, streaming.Ratchet256)
	s.e.Reached(s.now, s.peer)
	s.pass(20 * time.Second)
	assert.True(t, s.mayAsk())
	assert.False(t, s.e.Met(s.now, s.peer))
	s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)
	assert.True(t, s.mayAsk())
	assert.True(t, s.e.Met(s.now, s.peer))
	s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)
	assert.False(t, s.mayAsk(), "that is no news")
}

// Pings of a peer that is waited for take no more room than others.
func TestWaitingPings(t *testing.T) {
	s := acquaint(t, streaming.Ratchet256)
	for range 2000 {
		s.e.Ping(s.now, s.peer, 0, 0)
		counts(t, 0, s.drain())
	}
	assert.LessOrEqual(t, streaming.WaitingPings(s.e), 256)
}

// Many destinations that come and go push out none that is heard all the time.
func TestHeardIsRemembered(t *testing.T) {
	s := newScript(t, streaming.Config{})
	s.e.Rerouted(s.now, streaming.Ratchet256)
	s.e.Turn(s.now, s.peer, streaming.Proven)
	for n := range 3000 {
		s.now = s.now.Add(10 * time.Millisecond)
		s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)
		s.e.Asked(s.now, keys.Destination{}, [32]byte{1, byte(n), byte(n >> 8)}, streaming.Claimed)
	}
	assert.True(t, s.e.Met(s.now, s.peer))
	peers, _ := streaming.Remembered(s.e)
	assert.LessOrEqual(t, peers, 1025)
}

// What is not sent cannot be answered: that says nothing of the peer.
func TestSilenceWhileWaiting(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(javaSYN)
	require.NoError(t, s.send(from(id, 1, 0, 0, "data")))
	require.NoError(t, s.send(from(id, 2, 0, packet.Close, "")))
	s.pass(time.Second)
	write(t, st, "more")
	counts(t, 1, s.drain())
	s.e.Rerouted(s.now, streaming.Ratchet256)
	require.Equal(t, streaming.First, s.e.Turn(s.now, s.peer, streaming.Proven))
	s.e.Reached(s.now, s.peer)
	counts(t, 0, s.pass(9*time.Second))
	assert.False(t, st.Ended())
	s.e.Heard(s.now, s.peer.Hash(), streaming.Proven)
	counts(t, 1, s.drain())
}

// Destinations that are sent something once, and never answer, take no memory when they are forgotten.
func TestForgottenLeaveNothing(t *testing.T) {
	s := newScript(t, streaming.Config{})
	s.e.Rerouted(s.now, streaming.Ratchet256)
	for n := range uint64(4500) {
		d, _ := streamingsim.NewKey(1000 + n)
		require.Equal(t, streaming.First, s.e.Turn(s.now, d, streaming.Proven))
		s.e.Reached(s.now, d)
		s.now = s.now.Add(15 * time.Millisecond)
		if n > 3000 {
			s.now = s.now.Add(-10 * time.Millisecond) // and some while they are waited for
		}
		s.drain()
	}
	peers, _ := streaming.Remembered(s.e)
	assert.LessOrEqual(t, peers, 1025)
	assert.LessOrEqual(t, streaming.Timers(s.e), 2*peers+1)
	told := 0
	for c, ok := s.e.Changed(); ok; c, ok = s.e.Changed() {
		if c.Forgotten {
			told++
		}
	}
	assert.Positive(t, told, "what waited for them waits no longer")
}
