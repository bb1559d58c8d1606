package streaming_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func choke(id uint32, ack uint32, delay uint16) packet.Packet {
	p := from(id, 0, ack, packet.DelayRequested, "")
	p.Delay = delay
	return p
}

// i2pd chokes with 60000 or 65535, Java with 61000; a smaller delay ends it.
func TestChoked(t *testing.T) {
	for _, delay := range []uint16{60000, 61000, 65535} {
		s := newScript(t, streaming.Config{})
		st, id := s.dial(javaSYN)
		require.NoError(t, s.send(choke(id, 0, delay)))
		write(t, st, "waits")
		counts(t, 0, data(s.pass(time.Second)))
		require.NoError(t, s.send(choke(id, 0, 0)))
		counts(t, 1, data(s.drain()))
	}
}

// i2pd says nothing when it takes data again: a probe that it acknowledges ends the choke.
func TestChokeEndsWithAProbe(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	require.NoError(t, s.send(choke(id, 0, 65535)))
	write(t, st, strings.Repeat("x", 3*1812))
	var at []time.Duration
	begin := s.now
	for _, p := range data(s.pass(time.Minute)) {
		assert.EqualValues(t, 1, p.Sequence)
		at = append(at, p.at.Sub(begin))
	}
	assert.Equal(t, []time.Duration{2 * time.Second, 6 * time.Second, 14 * time.Second, 30 * time.Second, 60 * time.Second}, at)
	require.NoError(t, s.send(choke(id, 0, 61000)), "it lives, and still chokes")
	s.pass(90 * time.Second)
	require.NoError(t, st.Err())
	require.NoError(t, s.send(from(id, 0, 1, 0, "")))
	counts(t, 2, data(s.drain()))
}

// A choke without an end, and without a word, is a peer that is gone.
func TestChokedForEver(t *testing.T) {
	s := newScript(t, streaming.Config{})
	st, id := s.dial(i2pdSYN)
	require.NoError(t, s.send(choke(id, 0, 65535)))
	write(t, st, "x")
	s.pass(4 * time.Minute)
	assert.ErrorIs(t, st.Err(), streaming.ErrTimeout)
}

// A reader that is slow chokes the peer with room to spare for what is under way. Every
// acknowledgement says so again; the end of it is told eight times, or until data comes.
func TestChoking(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{ReceiveBuffer: 256 << 10}})
	st, id := s.dial(i2pdSYN)
	full := strings.Repeat("x", 1812)
	seq := uint32(0)
	var out []sent
	for len(having(out, packet.DelayRequested)) == 0 {
		seq++
		require.Less(t, seq, uint32(100))
		require.NoError(t, s.send(from(id, seq, 0, 0, full)))
		out = s.pass(50 * time.Millisecond)
	}
	assert.EqualValues(t, 61000, out[len(out)-1].Delay)
	for range 80 { // what was under way is kept
		seq++
		require.NoError(t, s.send(from(id, seq, 0, 0, full)))
		out = s.pass(50 * time.Millisecond)
		require.EqualValues(t, 61000, out[len(out)-1].Delay)
		require.Equal(t, seq, out[len(out)-1].AckThrough)
	}
	for range 100 { // what is sent in spite of it is not
		require.NoError(t, s.send(from(id, seq+1, 0, 0, full)))
		seq++
	}
	assert.LessOrEqual(t, s.e.Buffered(), 300<<10)

	total := 0
	for buf := make([]byte, 4096); st.Readable() > 0; {
		n, err := st.Read(buf)
		require.NoError(t, err)
		total += n
	}
	assert.Zero(t, total%1812)
	assert.Less(t, total, 256<<10)
	out = s.pass(time.Minute)
	told := having(out, packet.DelayRequested)
	counts(t, 8, told)
	for _, p := range told {
		assert.Zero(t, p.Delay)
		assert.EqualValues(t, total/1812, p.AckThrough)
	}
	assert.Zero(t, s.e.Buffered())
}

// What we send ourselves while we choke says so too: a delay of none would end the choke.
func TestDataWhileChoking(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{ReceiveBuffer: 256 << 10}})
	st, id := s.dial(i2pdSYN)
	for seq := uint32(1); seq <= 60; seq++ {
		require.NoError(t, s.send(from(id, seq, 0, 0, strings.Repeat("x", 1812))))
	}
	s.pass(time.Second)
	write(t, st, "answer")
	out := data(s.pass(time.Minute))
	require.Greater(t, len(out), 2)
	for _, p := range out {
		assert.True(t, p.Choke())
	}
	read(t, st)
	out = data(s.pass(time.Minute))
	require.NotEmpty(t, out)
	for _, p := range out {
		assert.False(t, p.Choke())
	}
}

// Data that comes shows that the end of the choke was heard.
func TestUnchokeIsHeard(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{ReceiveBuffer: 256 << 10}})
	st, id := s.dial(i2pdSYN)
	seq := uint32(0)
	for range 60 {
		seq++
		require.NoError(t, s.send(from(id, seq, 0, 0, strings.Repeat("x", 1812))))
	}
	s.pass(time.Second)
	read(t, st)
	counts(t, 1, having(s.drain(), packet.DelayRequested))
	require.NoError(t, s.send(from(id, seq+1, 0, 0, "x")))
	counts(t, 0, having(s.pass(time.Minute), packet.DelayRequested))
}

// All streams together are bounded too, and each still takes what is next when it has nothing to read.
func TestBufferOfAllStreams(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Buffered: 1 << 20}})
	var all []*streaming.Stream
	var ids []uint32
	for range 10 {
		st, id := s.dial(i2pdSYN)
		all, ids = append(all, st), append(ids, id)
	}
	full := strings.Repeat("x", 1812)
	for seq := uint32(1); seq <= 300; seq++ {
		for i, id := range ids {
			if i < 9 {
				require.NoError(t, s.send(from(id, seq, 0, 0, full)))
			}
		}
	}
	assert.LessOrEqual(t, s.e.Buffered(), 1<<20+20*2048)
	for seq := uint32(1); seq <= 10; seq++ {
		require.NoError(t, s.send(from(ids[9], seq, 0, 0, "y")))
		assert.Equal(t, "y", read(t, all[9]))
	}
	for _, st := range all {
		st.Close()
	}
	assert.Zero(t, s.e.Buffered())
}

// Before that memory is full those who have something to read are asked for no more.
func TestChokingForAll(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Buffered: 1 << 20}})
	full := strings.Repeat("x", 2048)
	for i := range 4 {
		_, id := s.dial(i2pdSYN)
		choked := false
		for seq := uint32(1); seq <= 100; seq++ { // of one stream less than what chokes it
			require.NoError(t, s.send(from(id, seq, 0, 0, full)))
			for _, p := range s.pass(time.Second) {
				choked = choked || p.Choke()
			}
		}
		assert.Equal(t, i == 3, choked)
	}
}

// Places for packets that have not come cost memory, and count.
func TestHolesAreCounted(t *testing.T) {
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Buffered: 512 << 10}})
	var all []*streaming.Stream
	for range 20 {
		st, id := s.dial(i2pdSYN)
		all = append(all, st)
		require.NoError(t, s.send(from(id, 2000, 0, 0, "x")))
		s.pass(time.Second)
	}
	assert.Greater(t, s.e.Buffered(), 256<<10)
	assert.LessOrEqual(t, s.e.Buffered(), 512<<10)
	for _, st := range all {
		st.Reset()
	}
	assert.Zero(t, s.e.Buffered())
}
