package streaming_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A SYN may be an old one, sent again by somebody else: who is named in it gets no more than three times as many bytes,
// whatever the program writes, until it shows that it has got our number.
func TestUnprovenPeer(t *testing.T) {
	for _, size := range []int{0, 100, 100_000} {
		for _, shut := range []bool{false, true} {
			t.Run(fmt.Sprint(size, shut), func(t *testing.T) {
				s := newScript(t, streaming.Config{})
				l, err := s.e.Listen(0)
				require.NoError(t, err)
				opens := s.opens(i2pdSYN)
				syn := s.encode(opens)
				require.NoError(t, s.e.Receive(s.now, 0, 0, syn))
				st := l.Accept()
				_, err = st.Write(make([]byte, size))
				require.NoError(t, err)
				if shut {
					st.Close()
				}
				greeted := 0
				for _, o := range s.drain() {
					greeted += len(o.Payload)
				}
				assert.Equal(t, min(size, 512), greeted, "a greeting is sent at once")
				// What overtakes a SYN proves nothing: who sends it need not have our number.
				unnamed := packet.Packet{ReceiveID: opens.ReceiveID, Sequence: 1, AckThrough: 0, Payload: []byte("x")}
				require.NoError(t, s.send(unnamed))
				theirs := len(syn) + len(s.encode(unnamed))
				s.pass(10 * time.Minute)
				assert.True(t, st.Ended())
				got := 0
				for _, o := range s.out {
					got += len(o.raw)
				}
				assert.LessOrEqual(t, got, 3*theirs)
			})
		}
	}
}

// Nor do the acknowledgements of what comes with a SYN, which name all that is missing, make more of it.
func TestUnprovenPeerIsAcknowledged(t *testing.T) {
	s := newScript(t, streaming.Config{})
	_, err := s.e.Listen(0)
	require.NoError(t, err)
	opens := s.opens(i2pdSYN)
	theirs := 0
	send := func(p packet.Packet) {
		b := s.encode(p)
		theirs += len(b)
		_ = s.e.Receive(s.now, 0, 0, b)
		s.pass(20 * time.Millisecond)
	}
	send(opens)
	for i := range uint32(200) {
		send(packet.Packet{ReceiveID: opens.ReceiveID, Sequence: 2 + 2*i, Payload: []byte("x")})
	}
	ours := 0
	for _, o := range s.out {
		ours += len(o.raw)
	}
	assert.LessOrEqual(t, ours, 3*theirs)
}

// Nor do RESETs, of a stream that its program leaves when all that may be sent has been.
func TestUnprovenPeerIsReset(t *testing.T) {
	for name, end := range map[string]func(*streaming.Stream, *streaming.Listener){
		"stream":   func(st *streaming.Stream, _ *streaming.Listener) { st.Reset() },
		"listener": func(_ *streaming.Stream, l *streaming.Listener) { l.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{})
			l, err := s.e.Listen(0)
			require.NoError(t, err)
			opens := s.opens(i2pdSYN)
			theirs, ours := 0, 0
			send := func(p packet.Packet) {
				b := s.encode(p)
				theirs += len(b)
				_ = s.e.Receive(s.now, 0, 0, b)
				s.pass(20 * time.Millisecond)
			}
			send(opens)
			for i := range uint32(200) { // so that what names all that is missing takes up the rest
				send(packet.Packet{ReceiveID: opens.ReceiveID, Sequence: 2 + 2*i, Payload: []byte("x")})
			}
			var st *streaming.Stream
			if name == "stream" {
				st = l.Accept()
			}
			end(st, l)
			s.pass(time.Minute)
			assert.Zero(t, s.e.Streams())
			for _, o := range s.out {
				ours += len(o.raw)
			}
			assert.LessOrEqual(t, ours, 3*theirs)
		})
	}
}

// A refusal is shorter than what it refuses, whatever it is refused for.
func TestRefusalIsShorter(t *testing.T) {
	for name, limits := range map[string]*streaming.Limits{"nobody listens": nil, "backlog": {Backlog: 1}, "room": {Streams: 1}} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, streaming.Config{})
			if limits != nil {
				s = newScript(t, streaming.Config{Limits: *limits})
				_, err := s.e.Listen(0)
				require.NoError(t, err)
				require.NoError(t, s.send(s.syn(1)))
				s.drain()
			}
			syn := s.encode(s.syn(2))
			require.ErrorIs(t, s.e.Receive(s.now, 0, 0, syn), streaming.ErrNotAllowed)
			out := having(s.drain(), packet.Reset)
			counts(t, 1, out)
			assert.Less(t, len(out[0].raw), len(syn))
		})
	}
}

// Who has not shown that our answer has come has nothing to choke, and keeps no stream so.
func TestUnprovenPeerChokes(t *testing.T) {
	s := newScript(t, streaming.Config{})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	opens := s.opens(i2pdSYN)
	require.NoError(t, s.send(opens))
	st := l.Accept()
	for range 10 {
		s.pass(10 * time.Second)
		_ = s.send(packet.Packet{ReceiveID: opens.ReceiveID, Flags: packet.DelayRequested, Delay: packet.SendChoke, Payload: []byte("x"), Sequence: 1})
	}
	assert.True(t, st.Ended())
}

// A peer that is there gets all of it.
func TestProvenPeer(t *testing.T) {
	s := newScript(t, streaming.Config{})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	require.NoError(t, s.send(s.opens(i2pdSYN)))
	st := l.Accept()
	_, err = st.Write(make([]byte, 5000))
	require.NoError(t, err)
	id := s.drain()[0].ReceiveID
	require.NoError(t, s.send(from(id, 0, 0, 0, "")))
	got := 512
	for _, o := range s.pass(time.Second) {
		got += len(o.Payload)
	}
	assert.Equal(t, 5000, got)
}

// A peer that opens all streams it may, sends all it can and more, with holes, and of whom nothing is read, takes what
// the limits say.
func TestHostilePeerMemory(t *testing.T) {
	const streams, bound = 200, 4 << 20
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Streams: streams, StreamsPerPeer: -1, PeerPerMinute: -1, Backlog: -1, Buffered: bound}})
	l, err := s.e.Listen(0)
	require.NoError(t, err)
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	ids := make(map[uint32]uint32) // ours, by theirs
	for n := range uint32(streams + 50) {
		_ = s.send(s.syn(n + 1))
		for o, ok := s.e.Next(s.now, nil); ok; o, ok = s.e.Next(s.now, nil) {
			if p, err := packet.Parse(o.Bytes); err == nil && p.Flags.Has(packet.SYN) {
				ids[n+1] = p.ReceiveID
			}
		}
	}
	for i := range uint32(300) {
		for theirs, ours := range ids {
			_ = s.send(packet.Packet{SendID: ours, ReceiveID: theirs, Sequence: 1 + i + i/20, Payload: make([]byte, 1800)})
		}
	}
	assert.Equal(t, streams, s.e.Streams())
	assert.LessOrEqual(t, s.e.Buffered(), bound+streams*2048)
	const each, spare = 4096, 2 << 20 // a stream with one packet; buffers that are kept for others
	grown := heap() - before
	t.Logf("%d KiB", grown>>10)
	assert.Less(t, grown, bound+streams*each+spare)
	assert.NotNil(t, l.Accept())
}

// Peers that take streams and acknowledge nothing make the engine keep no more of what programs write than the limit,
// and a packet for each stream.
func TestUnacknowledgedIsBounded(t *testing.T) {
	const streams, bound = 100, 1 << 20
	s := newScript(t, streaming.Config{Limits: streaming.Limits{Unacknowledged: bound, SendBuffer: bound}})
	fill := func(st *streaming.Stream) (total int) {
		for {
			n, err := st.Write(make([]byte, 100_000))
			require.NoError(t, err)
			if n == 0 {
				assert.Zero(t, st.Writable())
				return total
			}
			total += n
		}
	}
	var all []*streaming.Stream
	for range streams + 1 {
		st, _ := s.dial(javaSYN)
		all = append(all, st)
	}
	last, all := all[streams], all[:streams]
	total := 0
	for _, st := range all {
		total += fill(st)
	}
	assert.LessOrEqual(t, total, bound+streams*1812)
	assert.Greater(t, total, bound/2)
	assert.GreaterOrEqual(t, fill(last), 1812)
	for _, st := range all {
		st.Abort(streaming.ErrTimeout)
	}
	assert.Greater(t, fill(last), bound/3, "what has ended makes room")
	last.Close()
	last.Abort(nil)
	streaming.CheckIdle(t, s.e)
}
