package streaming_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/streamingsim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair is two engines that hand each other their packets at once.
type pair struct {
	a, b       *streaming.Engine
	keyA, keyB streamingsim.Key
	now        time.Time
	buf        []byte
	packets    int
	l          *streaming.Listener
}

func newPair(t testing.TB) *pair {
	p := &pair{now: time.Unix(1_800_000_000, 0)}
	var err error
	conf := streaming.Config{KeepAlive: -1, Limits: streaming.Limits{OpensPerMinute: -1, PeerPerMinute: -1, StreamsPerPeer: -1, Backlog: -1}}
	conf.Destination, p.keyA = streamingsim.NewKey(1)
	p.a, err = streaming.New(p.now, conf)
	require.NoError(t, err)
	conf.Destination, p.keyB = streamingsim.NewKey(2)
	p.b, err = streaming.New(p.now, conf)
	require.NoError(t, err)
	p.l, err = p.b.Listen(0)
	require.NoError(t, err)
	return p
}

// exchange carries packets until there are none.
func (p *pair) exchange(t testing.TB) {
	for busy := true; busy; {
		busy = p.carry(t, p.a, p.b, p.keyA)
		busy = p.carry(t, p.b, p.a, p.keyB) || busy
		p.now = p.now.Add(10 * time.Microsecond)
	}
}

func (p *pair) carry(t testing.TB, from, to *streaming.Engine, key packet.Signer) (busy bool) {
	for o, ok := from.Next(p.now, p.buf[:0]); ok; o, ok = from.Next(p.now, p.buf[:0]) {
		if err := o.Sign(key); err != nil {
			t.Fatal(err)
		}
		p.buf = o.Bytes
		p.packets++
		busy = true
		if err := to.Receive(p.now, 0, 0, o.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	return busy
}

// open opens a stream, and returns both ends.
func (p *pair) open(t testing.TB) (a, b *streaming.Stream) {
	dest, _ := streamingsim.NewKey(2)
	a, err := p.a.Dial(dest, 0, 0)
	require.NoError(t, err)
	p.exchange(t)
	p.now = p.now.Add(100 * time.Millisecond)
	p.exchange(t)
	return a, p.l.Accept()
}

// BenchmarkTransfer is the cost of both engines for each packet, data or acknowledgement.
func BenchmarkTransfer(b *testing.B) {
	p := newPair(b)
	from, to := p.open(b)
	data, got := make([]byte, 64<<10), make([]byte, 64<<10)
	p.packets = 0
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if n, err := from.Write(data); n != len(data) || err != nil {
			b.Fatal(n, err)
		}
		for n := 0; n < len(data); {
			p.exchange(b)
			p.now = p.now.Add(time.Millisecond)
			m, err := to.Read(got)
			if err != nil && err != streaming.ErrWouldBlock {
				b.Fatal(err)
			}
			n += m
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(p.packets), "ns/packet")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(p.packets), "allocs/packet")
}

// BenchmarkOpenClose is a whole stream without data, four signatures and their verification included.
func BenchmarkOpenClose(b *testing.B) {
	p := newPair(b)
	b.ReportAllocs()
	for b.Loop() {
		x, y := p.open(b)
		x.Close()
		y.Close()
		p.exchange(b)
		p.now = p.now.Add(time.Second)
		p.exchange(b)
	}
}

// idle is how many bytes a stream takes that has carried data and is idle, its peer included if each has its own.
func idle(t testing.TB, streams int, ownPeer bool) float64 {
	var before, after runtime.MemStats
	p := newPair(t)
	p.open(t)
	_, key := streamingsim.NewKey(1)
	ends := make([]*streaming.Stream, 0, streams)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range streams {
		s := p.openFrom(t, i, ownPeer, key)
		ends = append(ends, s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(ends)
	require.Equal(t, streams+1, p.b.Streams())
	return float64(after.HeapAlloc-before.HeapAlloc) / float64(streams)
}

// openFrom lets a peer open a stream at b by hand, send some data on it and take some, so that b alone is measured.
func (p *pair) openFrom(t testing.TB, i int, ownPeer bool, key streamingsim.Key) *streaming.Stream {
	dest, _ := streamingsim.NewKey(1)
	if ownPeer {
		dest, key = streamingsim.NewKey(uint64(1000 + i))
	}
	id := uint32(1_000_000 + i)
	syn := packet.Packet{ReceiveID: id, ResendDelay: i2pdSYN, From: dest.Bytes(), Signature: make([]byte, 64),
		Flags: packet.SYN | packet.FromIncluded | packet.SignatureIncluded | packet.NoAck}
	raw, err := syn.Append(nil)
	require.NoError(t, err)
	require.NoError(t, syn.Sign(raw, key))
	require.NoError(t, p.b.Receive(p.now, 0, 0, raw))
	s := p.l.Accept()
	_, err = s.Write(make([]byte, 5000))
	require.NoError(t, err)
	answer := packet.Packet{ReceiveID: id, Payload: make([]byte, 1000)}
	for answer.Sequence < 3 {
		for o, ok := p.b.Next(p.now, nil); ok; o, ok = p.b.Next(p.now, nil) {
			out, err := packet.Parse(o.Bytes)
			require.NoError(t, err)
			answer.SendID, answer.AckThrough = out.ReceiveID, max(answer.AckThrough, out.Sequence)
		}
		p.now = p.now.Add(50 * time.Millisecond)
		answer.Sequence++
		raw, err := answer.Append(nil)
		require.NoError(t, err)
		require.NoError(t, p.b.Receive(p.now, 0, 0, raw))
		_, err = s.Read(make([]byte, 4096))
		require.NoError(t, err)
	}
	p.now = p.now.Add(time.Second)
	for _, ok := p.b.Next(p.now, nil); ok; _, ok = p.b.Next(p.now, nil) {
	}
	for _, ok := p.b.Changed(); ok; _, ok = p.b.Changed() {
	}
	return s
}

// An idle stream is small, so that ten thousand are nothing.
func TestIdleStreamsAreSmall(t *testing.T) {
	for name, ownPeer := range map[string]bool{"one peer": false, "a peer each": true} {
		n := idle(t, 1000, ownPeer)
		t.Logf("%s: %.0f bytes", name, n)
		assert.Less(t, n, 2048.0, name)
	}
}

func BenchmarkIdle10000(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(idle(b, 10000, false), "B/stream")
		b.ReportMetric(idle(b, 10000, true), "B/stream-and-peer")
	}
}
