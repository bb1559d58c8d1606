package streaming_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/streamingsim"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who accepts may speak first, as soon as the answer is on its way.
func TestAcceptedStream(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.accept(i2pdSYN)
	assert.True(t, st.Opened())
	assert.Equal(t, s.peer, st.Remote())
	assert.True(t, st.Delivered())
	write(t, st, "banner")
	assert.False(t, st.Delivered())
	out := data(s.drain())
	counts(t, 1, out)
	assert.Equal(t, "banner", string(out[0].Payload))
	require.NoError(t, s.send(from(id, 1, 1, packet.Close, "bye")))
	assert.True(t, st.Delivered())
	assert.Equal(t, "bye", read(t, st))
	_, err := st.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	st.Close()
	out = having(s.drain(), packet.Close)
	counts(t, 1, out)
	require.NoError(t, s.send(from(id, 0, out[0].Sequence, 0, "")))
	assert.True(t, st.Ended())
	assert.NoError(t, st.Err())
	assert.Zero(t, s.e.Streams())
}

// Data that comes with the SYN counts, and so does its CLOSE.
func TestSYNWithDataAndClose(t *testing.T) {
	s := newScript(t, streaming.Config{})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	syn := s.opens(i2pdSYN)
	syn.Flags |= packet.Close
	syn.Payload = []byte("all of it")
	require.NoError(t, s.send(syn))
	st := l.Accept()
	assert.Equal(t, "all of it", read(t, st))
	_, err = st.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
}

// A peer's size is kept, within what every implementation takes.
func TestPacketSize(t *testing.T) {
	for said, want := range map[uint16]int{0: 512, 512: 512, 1000: 1000, 1730: 1730, 1812: 1812, 9000: 1812} {
		s := newScript(t, streaming.Config{})
		st, err := s.e.Dial(s.peer, 0, 0)
		require.NoError(t, err)
		write(t, st, strings.Repeat("x", 4000)) // cut before the size is known
		answer := s.synack(s.drain()[0].ReceiveID, i2pdSYN)
		answer.MaxPacketSize = said
		require.NoError(t, s.send(answer))
		write(t, st, strings.Repeat("y", 4000))
		got, most := "", 0
		for _, p := range data(s.drain()) {
			got += string(p.Payload)
			most = max(most, len(p.Payload))
		}
		assert.Equal(t, want, most, said)
		if want > 600 {
			assert.Equal(t, strings.Repeat("x", 4000)+strings.Repeat("y", 4000), got, said)
		}
	}
}

// What the peer sends is taken at any size: i2pd does not heed ours.
func TestLargePayload(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	require.NoError(t, s.send(from(id, 2, 0, 0, strings.Repeat("b", 32<<10))))
	require.NoError(t, s.send(from(id, 1, 0, 0, strings.Repeat("a", 60_000))))
	assert.Equal(t, strings.Repeat("a", 60_000)+strings.Repeat("b", 32<<10), read(t, st))
}

// Close delivers what was written, or resets after Linger without progress.
func TestLinger(t *testing.T) {
	s := newScript(t, streaming.Config{Linger: 10 * time.Second})
	st, id := s.dial(javaSYN)
	write(t, st, "one")
	st.Close()
	_, err := st.Read(make([]byte, 1))
	assert.ErrorIs(t, err, streaming.ErrClosed)
	_, err = st.Write([]byte("x"))
	assert.ErrorIs(t, err, streaming.ErrClosed)
	s.pass(9 * time.Second)
	require.NoError(t, s.send(from(id, 0, 1, 0, "")), "some progress")
	counts(t, 0, having(s.pass(9*time.Second), packet.Reset))
	counts(t, 2, having(s.pass(10*time.Second), packet.Reset))
	assert.ErrorIs(t, st.Err(), streaming.ErrTimeout)
}

// Data for a stream that we have closed is taken for a while, and then reset.
func TestDataAfterClose(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(javaSYN)
	st.Close()
	s.drain()
	require.NoError(t, s.send(from(id, 1, 1, 0, "unwanted")))
	assert.Zero(t, s.e.Buffered())
	s.pass(6 * time.Second)
	assert.True(t, st.Ended())
	assert.ErrorIs(t, s.send(from(id, 2, 1, 0, "unwanted")), streaming.ErrUnknownStream)
	out := having(s.drain(), packet.Reset)
	counts(t, 1, out)
	assert.EqualValues(t, 2, out[0].Sequence)
}

// A key that is slow holds up its own packet, and nothing else.
func TestSlowSigner(t *testing.T) {
	n := streamingsim.NewNetwork(streamingsim.NewWorld(1))
	a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
	n.JoinBoth(a, b, streamingsim.Path{Delay: 20 * time.Millisecond})
	l, err := b.Engine.Listen(0)
	require.NoError(t, err)
	first, err := a.Engine.Dial(b.Dest, 0, 0)
	require.NoError(t, err)
	a.Pump()
	n.Run(time.Second)
	peer := l.Accept()
	require.NotNil(t, peer)

	a.SignDelay = 3 * time.Second
	second, err := a.Engine.Dial(b.Dest, 0, 0)
	require.NoError(t, err)
	for range 10 {
		write(t, first, "x")
		a.Pump()
		n.Run(100 * time.Millisecond)
		assert.Equal(t, "x", read(t, peer))
	}
	assert.False(t, second.Opened())
	n.Run(3 * time.Second)
	assert.True(t, second.Opened())
}

// A packet that cannot be signed ends its stream with that error.
func TestAbort(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	locked := errors.New("the agent is locked")
	o, ok := s.e.Next(s.now, nil)
	require.True(t, ok)
	require.True(t, o.NeedsSignature())
	o.Stream.Abort(locked)
	assert.Equal(t, locked, st.Err())
	assert.Zero(t, s.e.Streams())
	counts(t, 0, s.pass(time.Hour))
}

// Fail ends all streams in the same order each time.
func TestFail(t *testing.T) {
	s := newScript(t, streaming.Config{})
	var all []*streaming.Stream
	for range 20 {
		st, err := s.e.Dial(s.peer, 0, 0)
		require.NoError(t, err)
		all = append(all, st)
	}
	s.drain()
	over := errors.New("over")
	s.e.Fail(over)
	for _, st := range all {
		assert.Equal(t, over, st.Err())
		c, ok := s.e.Changed()
		require.True(t, ok)
		assert.Equal(t, st, c.Stream)
	}
	_, ok := s.e.Deadline()
	assert.False(t, ok)
}

// An engine whose key is offline sends the statement about its transient key with each FROM.
func TestOfflineKey(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	transient := ed25519.NewKeyFromSeed(append(seed[:31:31], 99))
	self, key := streamingsim.NewKey(2)
	now := time.Unix(1_800_000_000, 0)
	offline := binary.BigEndian.AppendUint32(nil, uint32(now.Unix()+60))
	offline = append(binary.BigEndian.AppendUint16(offline, uint16(keys.Ed25519)), transient.Public().(ed25519.PublicKey)...)
	signature, err := key.Sign(offline)
	require.NoError(t, err)
	conf := streaming.Config{Destination: self, Offline: append(offline, signature...)}
	_, err = streaming.New(now.Add(time.Minute), conf)
	assert.ErrorIs(t, err, streaming.ErrSignature, "expired")
	e, err := streaming.New(now, conf)
	require.NoError(t, err)
	peer, _ := streamingsim.NewKey(1)
	_, err = e.Dial(peer, 0, 0)
	require.NoError(t, err)
	o, ok := e.Next(now, []byte("frame"))
	require.True(t, ok)
	require.NoError(t, o.Sign(signerFunc(func(b []byte) ([]byte, error) { return ed25519.Sign(transient, b), nil })))
	raw := o.Bytes[len("frame"):]
	p, err := packet.Parse(raw)
	require.NoError(t, err)
	from, signer, err := p.Sender(now)
	require.NoError(t, err)
	assert.Equal(t, self, from)
	assert.NoError(t, p.Verify(raw, signer))
	assert.Error(t, p.Verify(raw, packet.KeyOf(self)))

	// The peer takes it, until it expires.
	s := newScript(t, streaming.Config{})
	p.SetReceiver(s.self.Hash())
	p.SendID, p.Flags = 0, p.Flags|packet.OfflineSignature
	raw, err = p.Append(nil)
	require.NoError(t, err)
	require.NoError(t, p.Sign(raw, signerFunc(func(b []byte) ([]byte, error) {
		at, n := p.SignatureAt()
		clear(b[at:][:n])
		return ed25519.Sign(transient, b), nil
	})))
	_, err = s.e.Listen(0)
	require.NoError(t, err)
	assert.NoError(t, s.e.Receive(s.now, 0, 0, raw))
	s.pass(2 * time.Minute)
	assert.ErrorIs(t, s.e.Receive(s.now, 0, 0, raw), streaming.ErrSignature)
}

type signerFunc func([]byte) ([]byte, error)

func (f signerFunc) Sign(b []byte) ([]byte, error) { return f(b) }

func TestNewNeedsADestination(t *testing.T) {
	_, err := streaming.New(time.Time{}, streaming.Config{})
	assert.Error(t, err)
}

// The answer to a SYN may have waited for a lease set. What is measured later counts alone.
func TestRoundTripOfASYNIsAGuess(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	s.pass(3900 * time.Millisecond)
	require.NoError(t, s.send(s.synack(id, i2pdSYN)))
	write(t, st, "one")
	s.drain()
	s.pass(50 * time.Millisecond)
	require.NoError(t, s.send(from(id, 0, 1, 0, "")))
	write(t, st, "two")
	begin := s.now
	s.drain()
	out := data(s.pass(2 * time.Second))
	require.GreaterOrEqual(t, len(out), 2) // a tail probe and a time-out
	assert.Less(t, out[0].at.Sub(begin), 300*time.Millisecond)
	assert.Equal(t, time.Second, out[1].at.Sub(begin))
}
