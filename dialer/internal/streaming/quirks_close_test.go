package streaming_test

import (
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// i2pd ends both directions at a CLOSE, and throws away what it has not sent: CloseWrite waits.
func TestCloseWriteIsHeldBackForI2Pd(t *testing.T) {
	for name, end := range map[string]func(s *script, st *streaming.Stream, id uint32){
		"until its CLOSE": func(s *script, _ *streaming.Stream, id uint32) {
			require.NoError(s, s.send(from(id, 1, 0, packet.Close, "")))
		},
		"until Close":         func(_ *script, st *streaming.Stream, _ uint32) { st.Close() },
		"until asked for all": func(_ *script, st *streaming.Stream, _ uint32) { st.SetHalfClose(true) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{KeepAlive: -1})
			st, id := s.dial(i2pdSYN)
			st.CloseWrite()
			counts(t, 0, having(s.pass(10*time.Minute), packet.Close))
			_, err := st.Write([]byte("x"))
			assert.ErrorIs(t, err, streaming.ErrWriteClosed)
			end(s, st, id)
			out := having(s.drain(), packet.Close)
			counts(t, 1, out)
		})
	}
}

// A peer with our own SYN, or one that takes data after its own CLOSE, bears a half-close.
func TestCloseWriteIsSentToThoseWhoBearIt(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	answer := s.synack(id, i2pdSYN)
	answer.Flags |= packet.DelayRequested // with i2pd's resend delay only we do that
	require.NoError(t, s.send(answer))
	st.CloseWrite()
	counts(t, 1, having(s.drain(), packet.Close))
	require.NoError(t, s.send(from(id, 1, 1, 0, "still")))
	assert.Equal(t, "still", read(t, st))

	s = newScript(t, streaming.Config{})
	st, id = s.dial(javaSYN)
	require.NoError(t, s.send(from(id, 1, 0, packet.Close, "")))
	s.pass(time.Millisecond)
	write(t, st, "after")
	s.drain()
	require.NoError(t, s.send(from(id, 0, 1, 0, "")))
	other, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	require.NoError(t, s.send(s.synack(s.drain()[0].ReceiveID, javaSYN)))
	other.CloseWrite()
	counts(t, 1, having(s.drain(), packet.Close))
}

// i2pd takes a RESET only in sequence, Java with any number: it has the next, and is repeated once.
func TestResetHasTheNextNumberAndIsRepeatedOnce(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	write(t, st, "one")
	write(t, st, "two") // not fetched before the reset
	counts(t, 1, data(s.drain()))
	st.Reset()
	out := having(s.pass(time.Hour), packet.Reset)
	counts(t, 2, out)
	for _, p := range out {
		assert.Equal(t, uint32(2), p.Sequence)
		assert.Equal(t, uint32(theirID), p.SendID)
		assert.Equal(t, id, p.ReceiveID)
	}
	assert.GreaterOrEqual(t, out[1].at.Sub(out[0].at), time.Second)
	assert.True(t, st.Ended())
	_, err := st.Write(nil)
	assert.ErrorIs(t, err, streaming.ErrClosed)
}

// i2pd never hands a stream to its program that came as SYN+CLOSE: CLOSE waits for the answer.
func TestNoCloseBeforeTheAnswer(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	st.SetHalfClose(true)
	write(t, st, "request")
	st.CloseWrite()
	out := s.pass(30 * time.Second)
	require.NotEmpty(t, out)
	for _, p := range out {
		assert.True(t, p.Flags.Has(packet.SYN))
		assert.False(t, p.Flags.Has(packet.Close))
		assert.Empty(t, p.Payload)
	}
	require.NoError(t, s.send(s.synack(out[0].ReceiveID, i2pdSYN)))
	out = data(s.drain())
	counts(t, 2, out)
	assert.Equal(t, "request", string(out[0].Payload))
	assert.True(t, out[1].Flags.Has(packet.Close))
}

// i2pd's only CLOSE may be lost, and then it is silent: a ping that is answered shows that the stream is gone.
func TestSilenceOfAPeerThatHasForgotten(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, _ := s.dial(i2pdSYN)
	write(t, st, "lost")
	var ping []sent
	for i := 0; len(ping) == 0 && i < 60; i++ {
		ping = having(s.pass(time.Second), packet.Echo)
	}
	counts(t, 1, ping)
	assert.True(t, ping[0].Flags.Has(packet.FromIncluded|packet.SignatureIncluded))
	counts(t, 5, data(s.out)) // a tail probe and three time-outs
	require.NoError(t, s.send(packet.Packet{ReceiveID: ping[0].SendID, Flags: packet.Echo}))
	counts(t, 5, data(s.pass(45*time.Second))) // some may be lost
	assert.ErrorIs(t, st.Err(), streaming.ErrGone)
	assert.ErrorIs(t, st.Err(), syscall.ECONNRESET)

	s = newScript(t, streaming.Config{})
	st, _ = s.dial(i2pdSYN)
	write(t, st, "lost")
	s.pass(119 * time.Second)
	require.NoError(t, st.Err(), "a path may be down for a while")
	s.pass(2 * time.Second)
	assert.ErrorIs(t, st.Err(), streaming.ErrTimeout)
	assert.ErrorIs(t, st.Err(), syscall.ETIMEDOUT)
}

// i2pd forgets a stream with its own CLOSE: what we still have to send has no taker.
func TestDataAfterThePeersClose(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	write(t, st, "unanswered")
	s.drain()
	require.NoError(t, s.send(from(id, 1, 0, packet.Close, "")))
	out := data(s.pass(time.Minute))
	counts(t, 3, out) // a tail probe and two repetitions
	_, err := st.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	_, err = st.Write([]byte("x"))
	assert.ErrorIs(t, err, streaming.ErrClosedByPeer)
	assert.ErrorIs(t, err, syscall.EPIPE)
}

// Who goes on taking data after its own CLOSE has not forgotten it: the path may be down for a while.
func TestDataAfterTheCloseOfWhoBearsIt(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 80)
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	s.pass(100 * time.Millisecond)
	answer := s.synack(id, i2pdSYN)
	answer.Flags |= packet.DelayRequested // which is how ours answers
	require.NoError(t, s.send(answer))
	write(t, st, "late")
	require.NoError(t, s.send(from(id, 1, 0, packet.Close, "")))
	s.pass(time.Minute)
	require.NoError(t, st.Err())
	require.NoError(t, s.send(from(id, 0, 1, 0, "")))
	assert.True(t, st.Delivered())
}

// The same with nothing but our own CLOSE is no error.
func TestCloseAfterThePeersCloseNeedsNoAnswer(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	require.NoError(t, s.send(from(id, 1, 0, packet.Close, "")))
	st.Close()
	out := having(s.pass(time.Minute), packet.Close)
	counts(t, 4, out) // once, a tail probe, and two repetitions
	assert.True(t, st.Ended())
	assert.NoError(t, st.Err())
}

// i2pd and Java repeat a CLOSE whose acknowledgement was lost, for a stream that we have done with.
func TestCloseIsAcknowledgedAgain(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	st.Close()
	s.drain()
	closing := from(id, 1, 1, packet.Close, "")
	require.NoError(t, s.send(closing))
	require.True(t, st.Ended())
	counts(t, 1, s.drain())
	for range 2 {
		assert.ErrorIs(t, s.send(closing), streaming.ErrUnknownStream)
		out := s.drain()
		counts(t, 1, out)
		assert.Equal(t, packet.Packet{SendID: theirID, ReceiveID: id, AckThrough: 1, Nacks: out[0].Nacks, Payload: out[0].Payload}, out[0].Packet)
	}
	s.pass(6 * time.Minute)
	assert.ErrorIs(t, s.send(closing), streaming.ErrUnknownStream)
	counts(t, 0, s.drain())
}

// i2pd answers for programs that do not listen, and closes after 10 s. Success is the answer.
func TestAnswerIsSuccess(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	s.pass(9 * time.Second)
	require.NoError(t, s.send(from(id, 1, 0, packet.Close, "")))
	_, err := st.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
}

// Sequence numbers are compared as signed ones by i2pd: a stream ends before they turn negative.
func TestSequenceNumbersEnd(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, _ := s.dial(i2pdSYN)
	streaming.SkipTo(st, 1<<31-2000)
	write(t, st, "fits")
	streaming.SkipTo(st, 1<<31-1000)
	_, err := st.Write([]byte(strings.Repeat("x", 10)))
	assert.ErrorIs(t, err, streaming.ErrExhausted)
	st.Close()
	out := having(s.drain(), packet.Close)
	counts(t, 1, out)
	assert.Less(t, out[0].Sequence, uint32(1<<31))
}

// i2pd forgets at a CLOSE what its program has not taken, or to tell it of the end: the CLOSE comes some time behind what it has
// acknowledged, and at once where the peer has closed or bears it.
func TestCloseKeepsItsDistance(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	write(t, st, "data")
	st.Close()
	counts(t, 0, having(s.pass(100*time.Millisecond), packet.Close))
	require.NoError(t, s.send(from(id, 0, 1, 0, "")))
	assert.False(t, st.Delivered())
	counts(t, 0, having(s.pass(240*time.Millisecond), packet.Close))
	counts(t, 1, having(s.pass(20*time.Millisecond), packet.Close))

	s = newScript(t, streaming.Config{})
	st, id = s.dial(i2pdSYN)
	write(t, st, "data")
	st.Close()
	s.drain()
	require.NoError(t, s.send(from(id, 1, 1, packet.Close, "")))
	counts(t, 1, having(s.drain(), packet.Close))

	s = newScript(t, streaming.Config{})
	st, _ = s.dial(i2pdSYN)
	st.Close()
	counts(t, 1, having(s.drain(), packet.Close))
}
