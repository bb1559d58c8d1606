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

// syn is the peer's SYN with another number.
func (s *script) syn(id uint32) packet.Packet {
	p := s.opens(i2pdSYN)
	p.ReceiveID = id
	return p
}

// Who is not listened for, or has to wait too long, is told at once.
func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		limits  streaming.Limits
		listen  bool
		allowed int
	}{
		"nobody listens":    {streaming.Limits{}, false, 0},
		"backlog":           {streaming.Limits{Backlog: 3}, true, 3},
		"streams of a peer": {streaming.Limits{StreamsPerPeer: 2}, true, 2},
		"streams in all":    {streaming.Limits{Streams: 4}, true, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{Limits: tc.limits})
			if tc.listen {
				_, err := s.e.Listen(80)
				require.NoError(t, err)
			}
			for id := 1; id <= tc.allowed+2; id++ {
				err := s.e.Receive(s.now, 5, 80, s.encode(s.syn(uint32(id))))
				out := s.drain()
				counts(t, 1, out)
				assert.Equal(t, []uint16{80, 5}, []uint16{out[0].o.SourcePort, out[0].o.DstPort})
				if id <= tc.allowed {
					require.NoError(t, err)
					assert.True(t, out[0].Flags.Has(packet.SYN))
					continue
				}
				assert.ErrorIs(t, err, streaming.ErrNotAllowed)
				assert.Equal(t, packet.Reset|packet.SignatureIncluded|packet.NoAck, out[0].Flags)
				assert.EqualValues(t, id, out[0].SendID)
				assert.Zero(t, out[0].Sequence)
			}
			assert.Equal(t, tc.allowed, s.e.Streams())
		})
	}
}

// Too many in a minute are met with silence, before or after the signature.
func TestRates(t *testing.T) {
	for name, limits := range map[string]streaming.Limits{
		"of a peer": {PeerPerMinute: 60},
		"in all":    {OpensPerMinute: 60},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{Limits: limits})
			_, err := s.e.Listen(0)
			require.NoError(t, err)
			id := uint32(0)
			open := func() error { id++; return s.send(s.syn(id)) }
			for range 10 { // a sixth at once
				require.NoError(t, open())
			}
			assert.ErrorIs(t, open(), streaming.ErrNotAllowed)
			counts(t, 10, s.drain())
			s.now = s.now.Add(time.Second)
			assert.NoError(t, open())
			assert.ErrorIs(t, open(), streaming.ErrNotAllowed)
		})
	}
}

// What is refused without a look at its signature, as anybody can send it, does not count.
func TestRatesOfNonsense(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{OpensPerMinute: 60}})
	_, err := s.e.Listen(0)
	require.NoError(t, err)
	other, unsigned, nobody := s.syn(1), s.syn(2), s.syn(3)
	other.SetReceiver(s.peer.Hash())
	nobody.Flags &^= packet.FromIncluded
	raw, err := unsigned.Append(nil)
	require.NoError(t, err)
	for range 100 {
		assert.ErrorIs(t, s.send(other), streaming.ErrReplayed)
		assert.ErrorIs(t, s.e.Receive(s.now, 0, 0, raw), streaming.ErrSignature)
		assert.ErrorIs(t, s.send(nobody), streaming.ErrSignature)
	}
	assert.NoError(t, s.send(s.syn(4)))
}

// The policy is asked before the signature is checked, and who it refuses learns nothing.
func TestAllow(t *testing.T) {
	s := newScript(t, streaming.Config{Allow: func(from keys.Destination, port uint16) bool {
		peer, _ := streamingsim.NewKey(2)
		return from != peer || port == 80
	}})
	_, err := s.e.Listen(0)
	require.NoError(t, err)
	assert.ErrorIs(t, s.e.Receive(s.now, 0, 81, s.encode(s.syn(1))), streaming.ErrNotAllowed)
	counts(t, 0, s.drain())
	assert.NoError(t, s.e.Receive(s.now, 0, 80, s.encode(s.syn(1))))
}

func TestListeners(t *testing.T) {
	s := newScript(t, streaming.Config{})
	any, err := s.e.Listen(0)
	require.NoError(t, err)
	web, err := s.e.Listen(80)
	require.NoError(t, err)
	_, err = s.e.Listen(80)
	assert.ErrorIs(t, err, streaming.ErrPortTaken)
	require.NoError(t, s.e.Receive(s.now, 0, 80, s.encode(s.syn(1))))
	require.NoError(t, s.e.Receive(s.now, 0, 81, s.encode(s.syn(2))))
	assert.EqualValues(t, 80, web.Accept().LocalPort())
	assert.EqualValues(t, 81, any.Accept().LocalPort())
	assert.Nil(t, web.Accept())

	require.NoError(t, s.e.Receive(s.now, 0, 80, s.encode(s.syn(3))))
	s.drain()
	web.Close()
	web.Close()
	counts(t, 1, having(s.drain(), packet.Reset))
	_, err = s.e.Listen(80)
	assert.NoError(t, err)
}

// Pings are answered only when that is wished for, with no more than was sent, and not without end.
func TestPings(t *testing.T) {
	ping := func(s *script) error {
		p := packet.Packet{SendID: 77, Flags: packet.Echo | packet.FromIncluded | packet.SignatureIncluded, From: s.peer.Bytes(),
			Signature: make([]byte, 64), Payload: make([]byte, 100)}
		b, err := p.Append(nil)
		require.NoError(t, err)
		require.NoError(t, p.Sign(b, s.key))
		return s.e.Receive(s.now, 3, 4, b)
	}
	s := newScript(t, streaming.Config{})
	assert.ErrorIs(t, ping(s), streaming.ErrNotAllowed)
	counts(t, 0, s.drain())

	s = newScript(t, streaming.Config{AnswerPings: true})
	forged := packet.Packet{SendID: 77, Flags: packet.Echo | packet.FromIncluded | packet.SignatureIncluded, From: s.peer.Bytes(),
		Signature: make([]byte, 64)}
	assert.ErrorIs(t, s.send(forged), streaming.ErrSignature, "anybody could have others answered")
	counts(t, 0, s.drain())
	require.NoError(t, ping(s))
	out := s.drain()
	counts(t, 1, out)
	assert.True(t, out[0].IsPong())
	assert.EqualValues(t, 77, out[0].ReceiveID)
	assert.Len(t, out[0].Payload, 32)
	assert.Equal(t, []uint16{4, 3}, []uint16{out[0].o.SourcePort, out[0].o.DstPort})
	answered := 0
	for range 1000 {
		if ping(s) == nil {
			answered++
		}
	}
	assert.Less(t, answered, 101)

	p := s.e.Ping(s.now, s.peer, 0, 0)
	out = having(s.drain(), packet.Echo|packet.FromIncluded)
	counts(t, 1, out)
	_, ok := p.Answered()
	assert.False(t, ok)
	s.now = s.now.Add(42 * time.Millisecond)
	require.NoError(t, s.send(packet.Packet{ReceiveID: out[0].SendID, Flags: packet.Echo}))
	s.now = s.now.Add(time.Second)
	assert.ErrorIs(t, s.send(packet.Packet{ReceiveID: out[0].SendID, Flags: packet.Echo}), streaming.ErrUnknownStream, "again")
	trip, ok := p.Answered()
	assert.True(t, ok)
	assert.Equal(t, 42*time.Millisecond, trip)
	c, ok := s.e.Changed()
	assert.True(t, ok)
	assert.Equal(t, p, c.Ping)
	assert.ErrorIs(t, s.send(packet.Packet{ReceiveID: 1, Flags: packet.Echo}), streaming.ErrUnknownStream)
}

// Dialled streams count too.
func TestDialLimit(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Streams: 2}})
	for range 2 {
		_, err := s.e.Dial(s.peer, 0, 0)
		require.NoError(t, err)
	}
	_, err := s.e.Dial(s.peer, 0, 0)
	assert.ErrorIs(t, err, streaming.ErrLimit)
	_, err = s.e.Dial(keys.Destination{}, 0, 0)
	assert.Error(t, err)
	b := s.peer.Bytes()
	b[388] = 4 // RSA, which nobody verifies any more
	old, err := keys.DestinationFromBytes(b)
	require.NoError(t, err)
	_, err = s.e.Dial(old, 0, 0)
	assert.ErrorIs(t, err, streaming.ErrSignature)
}

// Streams that end before they are accepted make room for others.
func TestBacklogForgetsTheDead(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Backlog: 3}})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	var ids []uint32
	for id := range uint32(3) {
		require.NoError(t, s.send(s.syn(id+1)))
		ids = append(ids, s.drain()[0].ReceiveID)
	}
	assert.ErrorIs(t, s.send(s.syn(4)), streaming.ErrNotAllowed)
	require.NoError(t, s.send(packet.Packet{SendID: ids[1], ReceiveID: 2, Flags: packet.Reset}))
	require.NoError(t, s.send(s.syn(5)))
	for range 3 {
		st := l.Accept()
		require.NotNil(t, st)
		assert.False(t, st.Ended())
	}
	assert.Nil(t, l.Accept())
}
