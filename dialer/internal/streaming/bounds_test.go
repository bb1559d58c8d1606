package streaming_test

import (
	"io"
	"strings"
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

// Each RESET costs a signature: who is refused too often is met with silence.
func TestResetsAreBounded(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{OpensPerMinute: -1, PeerPerMinute: -1}})
	for id := range uint32(250) {
		require.ErrorIs(t, s.send(s.syn(id+1)), streaming.ErrNotAllowed)
	}
	counts(t, 200, having(s.drain(), packet.Reset)) // a sixth of a minute's
	s.now = s.now.Add(time.Second)
	for id := range uint32(50) {
		require.ErrorIs(t, s.send(s.syn(1000+id)), streaming.ErrNotAllowed)
	}
	counts(t, 20, having(s.drain(), packet.Reset))
}

// Early packets are no larger than tunnels bear easily.
func TestEarlyPacketsAreSmall(t *testing.T) {
	s := newScript(t, streaming.Config{})
	early := packet.Packet{ReceiveID: theirID, Sequence: 1, Flags: packet.NoAck, Payload: make([]byte, 2*1812)}
	assert.ErrorIs(t, s.send(early), streaming.ErrUnknownStream)
	early.Payload = early.Payload[:3000]
	assert.NoError(t, s.send(early))
}

// Of peers who have chosen the same number, which honest ones do not, there are no more than four.
func TestSameNumber(t *testing.T) {
	s := newScript(t, streaming.Config{})
	_, err := s.e.Listen(0)
	require.NoError(t, err)
	for n := range uint64(6) {
		d, key := streamingsim.NewKey(10 + n)
		syn := s.opens(i2pdSYN)
		syn.From, s.key = d.Bytes(), key
		err := s.send(syn)
		if n < 4 {
			require.NoError(t, err)
			continue
		}
		assert.ErrorIs(t, err, streaming.ErrNotAllowed)
	}
	assert.Equal(t, 4, s.e.Streams())
}

// A packet is kept up to 2048 places in front of the next one.
func TestFarAhead(t *testing.T) {
	s := newScript(t, streaming.Config{})
	_, id := s.dial(i2pdSYN)
	require.NoError(t, s.send(from(id, 2049, 0, 0, "x")))
	assert.Zero(t, s.e.Buffered())
	require.NoError(t, s.send(from(id, 2048, 0, 0, "x")))
	once := s.e.Buffered()
	assert.NotZero(t, once)
	require.NoError(t, s.send(from(id, 2048, 0, 0, "x")))
	assert.Equal(t, once, s.e.Buffered(), "what comes again is not counted again")
}

// When all memory for what nobody reads is used, no more streams are taken.
func TestNoRoomForStreams(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Buffered: 256 << 10}})
	_, id := s.dial(i2pdSYN)
	for seq := uint32(1); seq <= 200; seq++ {
		require.NoError(t, s.send(from(id, seq, 0, 0, string(make([]byte, 1812)))))
	}
	_, err := s.e.Listen(0)
	require.NoError(t, err)
	syn, taken := s.opens(i2pdSYN), 0
	syn.Payload = make([]byte, 1000)
	for range 10 {
		syn.ReceiveID++
		if s.send(syn) == nil {
			taken++
		}
	}
	assert.LessOrEqual(t, taken, 2, "what is left of the room")
	counts(t, 10-taken, having(s.drain(), packet.Reset))
}

// Nothing follows the end, whether it has come before or after.
func TestDataBehindTheEnd(t *testing.T) {
	for name, order := range map[string]string{"in order": "1C3", "end first": "C31", "end last": "31C"} {
		s := newScript(t, streaming.Config{})
		st, id := s.dial(javaSYN)
		for _, c := range order {
			p := from(id, uint32(c-'0'), 0, 0, string(c))
			if c == 'C' {
				p = from(id, 2, 0, packet.Close, "2")
			}
			require.NoError(t, s.send(p))
		}
		assert.Equal(t, "12", read(t, st), name)
		for range 2 {
			_, err := st.Read(make([]byte, 1))
			assert.Equal(t, io.EOF, err, name)
			require.NoError(t, s.send(from(id, 3, 0, 0, "3")))
		}
	}
}

// Whoever sends many datagrams in the name of a peer makes nobody verify more than some.
func TestProofsAreBounded(t *testing.T) {
	s := newScript(t, streaming.Config{})
	s.e.Rerouted(s.now, streaming.Ratchet256)
	s.e.Turn(s.now, s.peer, streaming.Signed)
	verified := 0
	for range 100 {
		if s.e.WorthProving(s.now, s.peer.Hash(), streaming.Signed) {
			verified++
		}
	}
	assert.Equal(t, 20, verified) // a sixth of a minute's
	s.now = s.now.Add(time.Second)
	assert.True(t, s.e.WorthProving(s.now, s.peer.Hash(), streaming.Signed))
	stranger, _ := streamingsim.NewKey(3)
	s.now = s.now.Add(time.Minute)
	assert.False(t, s.e.WorthProving(s.now, stranger.Hash(), streaming.Signed), "to whom nothing was sent")
}

// What comes for a stream that has ended, and asks for nothing, has no answer: two ends that answered each other would
// never stop. Nor has what does not have both numbers.
func TestEndedStreamIsSilent(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	st.Reset()
	s.pass(time.Minute)
	require.True(t, st.Ended())
	stranger := from(id, 1, 0, 0, "x")
	stranger.ReceiveID++
	for _, p := range []packet.Packet{from(id, 0, 0, 0, ""), from(id, 1, 0, packet.Reset, ""), stranger} {
		assert.ErrorIs(t, s.send(p), streaming.ErrUnknownStream)
		counts(t, 0, s.drain())
	}
	assert.ErrorIs(t, s.send(from(id, 1, 0, 0, "x")), streaming.ErrUnknownStream)
	counts(t, 1, having(s.drain(), packet.Reset))
}

// Buffers are kept for the next stream, but not all that large transfers have taken.
func TestFreeBuffersAreBounded(t *testing.T) {
	s := newScript(t, streaming.Config{})
	one, first := s.dial(i2pdSYN)
	two, second := s.dial(i2pdSYN)
	for _, id := range []uint32{first, second} {
		for seq := uint32(1); seq <= 200; seq++ {
			require.NoError(t, s.send(from(id, seq, 0, 0, strings.Repeat("x", 2048))))
		}
	}
	for _, st := range []*streaming.Stream{one, two} {
		write(t, st, strings.Repeat("y", 1<<20))
		st.Reset()
	}
	chunks, segments := streaming.Spare(s.e)
	assert.Equal(t, []int{256, 512}, []int{chunks, segments})
}

// A stream takes what peers have under way, however little it is to hold.
func TestLeastReceiveBuffer(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{ReceiveBuffer: 1}})
	_, id := s.dial(i2pdSYN)
	for seq := uint32(2); seq <= 100; seq++ {
		require.NoError(t, s.send(from(id, seq, 0, 0, strings.Repeat("x", 1812))))
	}
	assert.Greater(t, s.e.Buffered(), 99*1812)
}
