package streaming_test

import (
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/streamingsim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A thousand ended streams and a thousand destinations without streams are remembered, and no more.
func TestMemoryOfThePastIsBounded(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Streams: -1}})
	for n := range uint64(1500) {
		d, _ := streamingsim.NewKey(1000 + n)
		st, err := s.e.Dial(d, 0, 0)
		require.NoError(t, err)
		st.Close()
	}
	peers, waits := streaming.Remembered(s.e)
	assert.InDelta(t, 1024, peers, 1)
	assert.Equal(t, 1024, waits)
	s.pass(11 * time.Minute)
	s.e.Ping(s.now, s.peer, 0, 0) // forgetting happens with what happens next
	peers, waits = streaming.Remembered(s.e)
	assert.LessOrEqual(t, peers, 2)
	assert.Zero(t, waits)
}

// Pings and answers that nobody fetches do not pile up.
func TestPingsAreBounded(t *testing.T) {
	s := newScript(t, streaming.Config{})
	first := s.e.Ping(s.now, s.peer, 0, 0)
	for range 1000 {
		s.e.Ping(s.now, s.peer, 0, 0)
	}
	out := s.drain()
	counts(t, 256, out)
	assert.ErrorIs(t, s.send(packet.Packet{ReceiveID: out[0].SendID, Flags: packet.Echo}), streaming.ErrUnknownStream)
	_, ok := first.Answered()
	assert.False(t, ok, "it was forgotten for a later one")
}

// When our side has closed nothing takes a place in the sequence any more: the CLOSE is
// sent again to learn whether the peer is still there.
func TestKeepAliveAfterClose(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	st.SetHalfClose(true)
	st.CloseWrite()
	counts(t, 1, having(s.drain(), packet.Close))
	require.NoError(t, s.send(from(id, 0, 1, 0, "")))
	for range 3 {
		out := having(s.pass(5*time.Minute+time.Second), packet.Close)
		counts(t, 1, out[:1])
		assert.EqualValues(t, 1, out[0].Sequence)
		require.NoError(t, s.send(from(id, 0, 1, 0, "")))
	}
	require.NoError(t, s.send(from(id, 1, 1, 0, "still there")))
	assert.Equal(t, "still there", read(t, st))
	s.pass(10 * time.Minute)
	assert.ErrorIs(t, st.Err(), streaming.ErrTimeout)
}

// A RESET for a stream that we have closed is its end, and no fault.
func TestResetAfterClose(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(javaSYN)
	st.Close()
	require.NoError(t, s.send(packet.Packet{SendID: id, ReceiveID: theirID, Flags: packet.Reset}))
	assert.True(t, st.Ended())
	assert.NoError(t, st.Err())
	counts(t, 0, s.pass(time.Hour))
}

// A packet without our number is believed only until the peer has shown that it knows it,
// and only when it can be but one stream's.
func TestUnnamedPackets(t *testing.T) {
	s := newScript(t, streaming.Config{})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	unnamed := packet.Packet{ReceiveID: theirID, Sequence: 1, Flags: packet.NoAck, Payload: []byte("x")}
	require.NoError(t, s.send(s.opens(i2pdSYN)))
	id := s.drain()[0].ReceiveID
	require.NoError(t, s.send(unnamed))
	st := l.Accept()
	assert.Equal(t, "x", read(t, st))
	require.NoError(t, s.send(from(id, 0, 0, 0, "")))
	unnamed.Sequence = 2
	assert.ErrorIs(t, s.send(unnamed), streaming.ErrNotOfStream)

	other, key := streamingsim.NewKey(3) // with the same number
	syn := s.opens(i2pdSYN)
	syn.From = other.Bytes()
	s.key = key
	require.NoError(t, s.send(syn))
	assert.ErrorIs(t, s.send(unnamed), streaming.ErrUnknownStream)
}
