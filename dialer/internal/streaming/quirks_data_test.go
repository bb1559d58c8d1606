package streaming_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/streamingsim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The forms of a RESET: without the sender's number, with FROM, with any sequence number.
func TestFormsOfReset(t *testing.T) {
	for name, p := range map[string]packet.Packet{
		"numbers of both": {ReceiveID: theirID, Sequence: 1, Flags: packet.Reset},
		"number of one":   {Sequence: 0, Flags: packet.Reset},
		"with FROM":       {ReceiveID: theirID, Sequence: 99, Flags: packet.Reset | packet.FromIncluded},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{})
			st, id := s.dial(javaSYN)
			require.NoError(t, s.send(from(id, 1, 0, 0, "before")))
			p.SendID, p.From = id, s.peer.Bytes()
			forged := p
			forged.Flags |= packet.SignatureIncluded
			forged.Signature = make([]byte, 64)
			assert.ErrorIs(t, s.send(forged), streaming.ErrSignature)
			require.NoError(t, s.send(p))
			assert.ErrorIs(t, st.Err(), streaming.ErrReset)
			assert.Equal(t, "before", read(t, st), "what has arrived is not taken back")
			_, err := st.Read(make([]byte, 1))
			assert.ErrorIs(t, err, streaming.ErrReset)
		})
	}
}

// i2pd answers from port 0 whatever was dialled.
func TestAnswersComeFromAnyPort(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN) // from 0 to 0
	require.NoError(t, s.e.Receive(s.now, 77, 99, s.encode(from(id, 1, 0, 0, "x"))))
	assert.Equal(t, "x", read(t, st))
	write(t, st, "y")
	out := data(s.drain())
	counts(t, 1, out)
	assert.Equal(t, []uint16{1234, 80}, []uint16{out[0].o.SourcePort, out[0].o.DstPort})
}

// A FROM that is not the stream's, or numbers that are not, make a packet nobody's.
func TestForeignPackets(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(javaSYN)
	other, _ := streamingsim.NewKey(3)
	p := from(id, 1, 0, packet.FromIncluded, "x")
	p.From = other.Bytes()
	assert.ErrorIs(t, s.send(p), streaming.ErrNotOfStream)
	p = from(id, 1, 0, 0, "x")
	p.ReceiveID++
	assert.ErrorIs(t, s.send(p), streaming.ErrNotOfStream)
	assert.ErrorIs(t, s.send(from(id, 1, 1, 0, "x")), streaming.ErrNotOfStream, "nobody can acknowledge what was not sent")
	assert.ErrorIs(t, s.send(from(id+100, 1, 0, 0, "x")), streaming.ErrUnknownStream)
	assert.Zero(t, st.Readable())
	counts(t, 0, s.pass(time.Second))
	p = from(id, 1, 0, packet.FromIncluded, "x")
	p.From = s.peer.Bytes()
	require.NoError(t, s.send(p))
	assert.Equal(t, "x", read(t, st))
}

// All packets of a stream, sent again or not, have the same two numbers, as Java drops others.
func TestNumbersAreConstant(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(javaSYN)
	write(t, st, strings.Repeat("x", 5000))
	out := data(s.pass(time.Minute))
	require.Greater(t, len(out), 5)
	for _, p := range out {
		assert.Equal(t, []uint32{theirID, id}, []uint32{p.SendID, p.ReceiveID})
	}
}

// Java keeps 130 packets and i2pd three windows of 512: no more is under way, and after a choke never more than 128.
func TestWindows(t *testing.T) {
	for name, tc := range map[string]struct {
		resendDelay byte
		choke       bool
		ahead       uint32
	}{
		"java":                     {javaSYN, false, 128},
		"i2pd":                     {i2pdSYN, false, 1024},
		"i2pd, when it has choked": {i2pdSYN, true, 128},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{Limits: streaming.Limits{SendBuffer: 8 << 20}})
			st, id := s.dial(tc.resendDelay)
			if tc.choke {
				choke := from(id, 0, 0, packet.DelayRequested, "")
				choke.Delay = 65535
				require.NoError(t, s.send(choke))
				st, id = s.dial(tc.resendDelay) // it is the peer that cannot keep more
			}
			write(t, st, strings.Repeat("x", 6<<20))
			// All arrives but the first packet, which is lost each time.
			seen, missing, most := map[uint32]bool{}, uint32(1), uint32(0)
			for range 600 {
				for _, p := range data(s.pass(10 * time.Millisecond)) {
					if p.Sequence > missing {
						seen[p.Sequence] = true
						most = max(most, p.Sequence)
					}
				}
				ack := from(id, 0, most, 0, "")
				for seq := missing; seq < most; seq++ {
					if !seen[seq] && ack.Nacks.Len() < packet.MaxNacks {
						ack.Nacks = ack.Nacks.Add(seq)
					}
				}
				if most > 0 {
					require.NoError(t, s.send(ack))
				}
			}
			assert.Equal(t, tc.ahead, most-missing+1)
		})
	}
}

// More holes than a packet can name are left out by acknowledging less.
func TestManyNacks(t *testing.T) {
	s := newScript(t, streaming.Config{})
	_, id := s.dial(i2pdSYN)
	for seq := uint32(2); seq <= 800; seq += 2 {
		require.NoError(t, s.send(from(id, seq, 0, 0, "x")))
	}
	out := s.pass(time.Second)
	last := out[len(out)-1]
	assert.Equal(t, 255, last.Nacks.Len())
	assert.EqualValues(t, 1, last.Nacks.At(0))
	assert.EqualValues(t, 509, last.Nacks.At(254))
	assert.EqualValues(t, 510, last.AckThrough)
}

// Java keeps a stream alive with an empty packet that takes a place.
func TestEmptyPacketsAreAcknowledged(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(javaSYN)
	require.NoError(t, s.send(from(id, 1, 0, 0, "")))
	out := s.pass(time.Second)
	counts(t, 1, out)
	assert.EqualValues(t, 1, out[0].AckThrough)
	require.NoError(t, s.send(from(id, 2, 0, 0, "x")))
	assert.Equal(t, "x", read(t, st))
}

// i2pd answers nothing but what takes a place: so does our own question whether a stream is still there.
func TestKeepAlive(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	var out []sent
	for round := range uint32(3) {
		out = data(s.pass(5*time.Minute + time.Second))
		counts(t, 1, out[:1])
		assert.Equal(t, round+1, out[0].Sequence)
		assert.Empty(t, out[0].Payload)
		require.NoError(t, s.send(from(id, 0, round+1, 0, "")))
	}
	s.pass(8 * time.Minute)
	assert.ErrorIs(t, st.Err(), streaming.ErrTimeout, "nobody answers")

	s = newScript(t, streaming.Config{KeepAlive: -1})
	s.dial(i2pdSYN)
	counts(t, 0, s.pass(1000*time.Hour))

	// Who was called leaves the asking to who has called: if both did, i2pd would lose both.
	s = newScript(t, streaming.Config{})
	s.accept(i2pdSYN)
	counts(t, 0, data(s.pass(5*time.Minute+50*time.Second)))
	assert.NotEmpty(t, data(s.pass(20*time.Second)))
}

// Data that has overtaken the SYN, in any order, is kept for it; some dialers send it so.
func TestEarlyData(t *testing.T) {
	for _, order := range []string{"S12", "1S2", "2S1", "21S", "12S"} {
		s := newScript(t, streaming.Config{})
		l, err := s.e.Listen(0)
		require.NoError(t, err)
		for _, c := range order {
			p := s.opens(i2pdSYN)
			if c != 'S' {
				p = packet.Packet{ReceiveID: theirID, Sequence: uint32(c - '0'), Flags: packet.NoAck, Payload: []byte(string(c))}
			}
			require.NoError(t, s.send(p))
		}
		assert.Equal(t, "12", read(t, l.Accept()), order)
	}
	// The same for a dial whose answer is late.
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	require.NoError(t, s.send(from(id, 1, 0, 0, "early")))
	require.NoError(t, s.send(s.synack(id, i2pdSYN)))
	assert.Equal(t, "early", read(t, st))
}

// Early data is bounded: packets of a stream, streams, and time.
func TestEarlyDataIsBounded(t *testing.T) {
	s := newScript(t, streaming.Config{})
	early := func(id, seq uint32) error {
		return s.send(packet.Packet{ReceiveID: id, Sequence: seq, Flags: packet.NoAck, Payload: []byte(fmt.Sprint(seq))})
	}
	for seq := range uint32(16) {
		require.NoError(t, early(1, seq+1))
	}
	assert.ErrorIs(t, early(1, 17), streaming.ErrUnknownStream)
	for id := uint32(2); id <= 64; id++ {
		require.NoError(t, early(id, 1))
	}
	assert.ErrorIs(t, early(65, 1), streaming.ErrUnknownStream)
	s.pass(10 * time.Second)
	assert.NoError(t, early(65, 1))
	counts(t, 0, s.out)
}

// Something comes back soon for every few packets, however long the round trip is.
func TestAcknowledgesEveryFewPackets(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, err := s.e.Dial(s.peer, 0, 0)
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	s.pass(3 * time.Second)
	require.NoError(t, s.send(s.synack(id, i2pdSYN)))
	s.pass(time.Second)
	for seq := uint32(1); seq < 32; seq++ {
		require.NoError(t, s.send(from(id, seq, 0, 0, "x")))
	}
	counts(t, 0, s.pass(100*time.Millisecond))
	require.NoError(t, s.send(from(id, 32, 0, 0, "x")))
	out := s.pass(5 * time.Millisecond)
	counts(t, 1, out)
	assert.EqualValues(t, 32, out[0].AckThrough)
	counts(t, 0, s.pass(time.Second))
	assert.Equal(t, 32, st.Readable())
}
