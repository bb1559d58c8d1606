package streaming_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/streamingsim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Java's answer waits for half a second unless the SYN asks for it at once; emissary needs the hash
// of the receiver and a signature; i2pd's SYN is repeated for minutes.
func TestSYN(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 1234, 80)
	require.NoError(t, err)
	out := s.pass(110 * time.Second)
	require.Greater(t, len(out), 10)
	for _, p := range out {
		assert.Equal(t, "SYN SIG FROM DELAY MAXSIZE NOACK", p.Flags.String())
		assert.Zero(t, p.Delay)
		assert.Zero(t, p.SendID)
		assert.Equal(t, out[0].ReceiveID, p.ReceiveID)
		assert.True(t, p.NamesReceiver() && p.ForReceiver(s.peer.Hash()))
		assert.Equal(t, s.self.Bytes(), p.From)
		assert.EqualValues(t, 1812, p.MaxPacketSize)
		assert.Equal(t, []uint16{1234, 80}, []uint16{p.o.SourcePort, p.o.DstPort})
		assert.True(t, p.o.Opens)
		assert.Equal(t, st, p.o.Stream)
	}
	assert.Equal(t, 4*time.Second, out[1].at.Sub(out[0].at))
	assert.Equal(t, 8*time.Second, out[2].at.Sub(out[1].at))
	assert.Equal(t, 9*time.Second, out[3].at.Sub(out[2].at))
	s.pass(11 * time.Second)
	assert.ErrorIs(t, st.Err(), streaming.ErrTimeout)
}

// A router that has no lease set of the peer says so at once, and may have it in a second.
func TestSYNIsSentAgainSoonWhenUndelivered(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	s.drain()
	for range 3 {
		st.Undelivered()
		counts(t, 0, s.pass(900*time.Millisecond))
		counts(t, 1, s.pass(200*time.Millisecond))
	}
}

// Some routers can be told not to sign; what they send proves nothing.
func TestUnsigned(t *testing.T) {
	s := newScript(t, streaming.Config{})
	_, err := s.e.Listen(0)
	require.NoError(t, err)
	for name, syn := range map[string]packet.Packet{
		"no signature": s.opens(i2pdSYN),
		"zeros":        s.opens(i2pdSYN),
		"another's":    s.opens(i2pdSYN),
	} {
		switch name {
		case "zeros":
			syn.Flags |= packet.SignatureIncluded
			syn.Signature = make([]byte, 64)
		case "another's":
			other, _ := streamingsim.NewKey(3)
			syn.From = other.Bytes()
		}
		b := s.encode(syn)
		if name == "no signature" {
			b, err = syn.Append(nil)
			require.NoError(t, err)
		}
		assert.ErrorIs(t, s.e.Receive(s.now, 0, 0, b), streaming.ErrSignature, name)
		counts(t, 0, s.pass(time.Minute))
	}

	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	answer := s.synack(s.drain()[0].ReceiveID, i2pdSYN)
	b, err := answer.Append(nil)
	require.NoError(t, err)
	assert.ErrorIs(t, s.e.Receive(s.now, 0, 0, b), streaming.ErrSignature)
	assert.ErrorIs(t, st.Err(), streaming.ErrSignature, "a dial that ends with a clear error")

	st, id := s.dial(i2pdSYN)
	closing := from(id, 1, 0, packet.Close, "")
	b, err = closing.Append(nil)
	require.NoError(t, err)
	assert.ErrorIs(t, s.e.Receive(s.now, 0, 0, b), streaming.ErrSignature)
	_, err = st.Read(make([]byte, 1))
	assert.Equal(t, streaming.ErrWouldBlock, err)
}

// An answer that somebody else signs does not open the stream of the destination that was dialled.
func TestAnswerOfAnother(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	other, key := streamingsim.NewKey(3)
	answer := s.synack(id, i2pdSYN)
	answer.From = other.Bytes()
	s.key = key
	assert.ErrorIs(t, s.send(answer), streaming.ErrNotOfStream)
	answer.From = s.peer.Bytes()
	assert.ErrorIs(t, s.send(answer), streaming.ErrSignature)
	assert.False(t, st.Opened())
	assert.NoError(t, st.Err())

	s = newScript(t, streaming.Config{})
	st, err = s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	answer = s.synack(s.drain()[0].ReceiveID, i2pdSYN)
	answer.Sequence = 1
	assert.ErrorIs(t, s.send(answer), streaming.ErrNotOfStream)
	answer.Sequence = 0
	answer.Flags &^= packet.FromIncluded
	assert.ErrorIs(t, s.send(answer), streaming.ErrSignature, "an answer says who it is from")
	assert.False(t, st.Opened())
	assert.NoError(t, st.Err())
}

// A SYN to somebody else is no SYN to us (proposal 164); old routers name nobody.
func TestReplayedSYN(t *testing.T) {
	s := newScript(t, streaming.Config{})
	_, err := s.e.Listen(0)
	require.NoError(t, err)
	syn := s.opens(i2pdSYN)
	syn.SetReceiver(s.peer.Hash())
	assert.ErrorIs(t, s.send(syn), streaming.ErrReplayed)
	syn.Nacks = nil
	assert.NoError(t, s.send(syn))

	s = newScript(t, streaming.Config{RequireReceiver: true})
	_, err = s.e.Listen(0)
	require.NoError(t, err)
	assert.ErrorIs(t, s.send(syn), streaming.ErrReplayed)
	assert.NoError(t, s.send(s.opens(i2pdSYN)))
}

// Java sends its SYN again, signed anew and with other flags: it is the same stream, and
// still is when that has ended.
func TestSYNAgain(t *testing.T) {
	s := newScript(t, streaming.Config{})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	syn := s.opens(javaSYN)
	syn.Flags |= packet.DelayRequested
	require.NoError(t, s.send(syn))
	counts(t, 1, s.drain())
	st := l.Accept()
	syn.Flags &^= packet.DelayRequested
	require.NoError(t, s.send(syn))
	counts(t, 0, s.drain())
	s.pass(2 * time.Second)
	require.NoError(t, s.send(syn))
	counts(t, 1, having(s.drain(), packet.SYN))
	assert.Nil(t, l.Accept())
	s.pass(20 * time.Second)
	require.NoError(t, s.send(syn))
	counts(t, 1, having(s.drain(), packet.SYN))
	st.Reset()
	s.drain()
	s.pass(5*time.Minute - time.Second)
	assert.ErrorIs(t, s.send(syn), streaming.ErrUnknownStream)
	assert.Nil(t, l.Accept())
	s.peer, s.key = streamingsim.NewKey(3) // who has chosen the same number
	require.NoError(t, s.send(s.opens(javaSYN)))
	assert.NotNil(t, l.Accept())
}

// i2pd reads the NACKs of an answer as a hash when there are eight.
func TestAnswerHasNoNacks(t *testing.T) {
	s := newScript(t, streaming.Config{})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	require.NoError(t, s.send(packet.Packet{ReceiveID: theirID, Sequence: 9, Flags: packet.NoAck, Payload: []byte("early")}))
	require.NoError(t, s.send(s.opens(i2pdSYN)))
	out := having(s.drain(), packet.SYN)
	counts(t, 1, out)
	assert.Zero(t, out[0].Nacks.Len())
	ack := s.pass(time.Second)
	assert.Equal(t, 8, ack[0].Nacks.Len())
	assert.NotNil(t, l.Accept())
}

// Numbers are not zero, not in use, and not those of a stream that has ended lately.
func TestNumbersAreNew(t *testing.T) {
	s := newScript(t, streaming.Config{})
	s.random = []uint32{0, 7, 7, 8, 7, 8, 9}
	dial := func() (*streaming.Stream, uint32) {
		st, err := s.e.Dial(s.peer, 0, 0)
		require.NoError(t, err)
		return st, s.drain()[0].ReceiveID
	}
	st, id := dial()
	assert.EqualValues(t, 7, id)
	_, id = dial()
	assert.EqualValues(t, 8, id)
	st.Close()
	_, id = dial()
	assert.EqualValues(t, 9, id)
}

// Java and i2pd refuse in different ways, before and after the answer.
func TestRefused(t *testing.T) {
	for name, p := range map[string]packet.Packet{
		"RESET without a number": {Flags: packet.Reset},
		"RESET with FROM":        {Flags: packet.Reset | packet.FromIncluded, ReceiveID: theirID},
		"CLOSE without a SYN":    {Flags: packet.Close, ReceiveID: theirID},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{})
			st, err := s.e.Dial(s.peer, 0, 0)
			require.NoError(t, err)
			p.SendID = s.drain()[0].ReceiveID
			p.From = s.peer.Bytes()
			require.NoError(t, s.send(p))
			assert.ErrorIs(t, st.Err(), streaming.ErrRefused)
			assert.ErrorIs(t, st.Err(), syscall.ECONNREFUSED)
		})
	}
}

// A dial that was given up is reset when its answer comes after all.
func TestAnswerToADialGivenUp(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	st.Close()
	assert.ErrorIs(t, s.send(s.synack(id, i2pdSYN)), streaming.ErrUnknownStream)
	out := s.drain()
	counts(t, 1, out)
	assert.True(t, out[0].Flags.Has(packet.Reset))
	assert.Equal(t, []uint32{theirID, id, 1}, []uint32{out[0].SendID, out[0].ReceiveID, out[0].Sequence})
}

// i2pd repeats its answer to a SYN once, and gives up: so do we, soon.
func TestAnswerThatNobodyTakes(t *testing.T) {
	s := newScript(t, streaming.Config{})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	require.NoError(t, s.send(s.opens(i2pdSYN)))
	st := l.Accept()
	counts(t, 3, s.pass(29*time.Second))
	counts(t, 0, s.pass(time.Hour))
	assert.ErrorIs(t, st.Err(), streaming.ErrTimeout)
}
