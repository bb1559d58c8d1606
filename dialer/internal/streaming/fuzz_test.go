package streaming_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/streamingsim"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/require"
)

// fuzzed is an engine that is fed by a fuzzer: packets of anybody, and what a program does.
type fuzzed struct {
	t        *testing.T
	e        *streaming.Engine
	now      time.Time
	peer     keys.Destination
	key      streamingsim.Key
	listener *streaming.Listener
	streams  []*streaming.Stream
}

const fuzzLimit = 1 << 20

func newFuzzed(t *testing.T) *fuzzed {
	f := &fuzzed{t: t, now: time.Unix(1_800_000_000, 0)}
	self, _ := streamingsim.NewKey(1)
	f.peer, f.key = streamingsim.NewKey(2)
	n := uint32(0)
	e, err := streaming.New(f.now, streaming.Config{Destination: self, AnswerPings: true,
		Random: func() uint32 { n++; return n },
		Limits: streaming.Limits{Streams: 20, Buffered: fuzzLimit, ReceiveBuffer: fuzzLimit / 2}})
	require.NoError(t, err)
	f.e = e
	f.listener, err = e.Listen(0)
	require.NoError(t, err)
	return f
}

// run reads the input as a program: a byte says what, some bytes how.
func (f *fuzzed) run(program []byte) {
	for steps := 0; len(program) > 0 && steps < 300; steps++ {
		op := program[0]
		program = program[1:]
		take := func(n int) []byte {
			b := make([]byte, n)
			program = program[copy(b, program):]
			return b
		}
		switch op % 8 {
		case 0, 1, 2:
			f.packet(take(14))
		case 3:
			f.raw(take(int(take(1)[0])))
		case 4:
			f.pass(time.Duration(binary.BigEndian.Uint16(take(2))) * time.Millisecond * 10)
		case 5:
			if s, err := f.e.Dial(f.peer, 0, 0); err == nil {
				f.streams = append(f.streams, s)
			}
		default:
			f.program(take(2))
		}
		f.check()
	}
	f.end()
}

// packet is one that has a sense, mostly: numbers that are in use, sequences that are near.
func (f *fuzzed) packet(b []byte) {
	p := packet.Packet{
		ReceiveID: uint32(b[0]%4) + 100, Sequence: uint32(int8(b[1])), AckThrough: uint32(int8(b[2])), Delay: binary.BigEndian.Uint16(b[3:]),
		Flags: packet.Flags(binary.BigEndian.Uint16(b[5:])) & (1<<13 - 1) &^ packet.OfflineSignature,
		From:  f.peer.Bytes(), MaxPacketSize: binary.BigEndian.Uint16(b[7:]), ResendDelay: b[9] % 12, Payload: make([]byte, int(b[10])*8),
	}
	if n := int(b[11]); n > 0 {
		p.SendID = uint32(n % 32)
	}
	for i := range b[12] % 40 {
		p.Nacks = p.Nacks.Add(uint32(i) * uint32(b[13]))
	}
	if b[12] == 255 {
		self, _ := streamingsim.NewKey(1)
		p.SetReceiver(self.Hash())
	}
	p.Signature = make([]byte, 64)
	raw, err := p.Append(nil)
	require.NoError(f.t, err)
	if p.Flags.Has(packet.SignatureIncluded) && b[13]%8 != 0 {
		require.NoError(f.t, p.Sign(raw, f.key))
	}
	f.raw(raw)
}

func (f *fuzzed) raw(b []byte) {
	_ = f.e.Receive(f.now, 0, 0, b)
}

// program does something with a stream.
func (f *fuzzed) program(b []byte) {
	if s := f.listener.Accept(); s != nil {
		f.streams = append(f.streams, s)
	}
	if len(f.streams) == 0 {
		return
	}
	s := f.streams[int(b[0])%len(f.streams)]
	switch b[1] % 10 {
	case 0:
		s.Close()
	case 1:
		s.CloseWrite()
	case 2:
		s.Reset()
	case 3:
		s.SetHalfClose(b[1] > 127)
	case 4:
		s.Undelivered()
	case 5, 6, 7:
		_, _ = s.Write(make([]byte, int(b[1])*40))
	default:
		buf := make([]byte, int(b[1])*40)
		n, err := s.Read(buf)
		require.True(f.t, n > 0 || err != nil || len(buf) == 0)
	}
}

// pass lets time pass, with bounded work.
func (f *fuzzed) pass(d time.Duration) {
	end := f.now.Add(d)
	for n := 0; ; n++ {
		f.drain()
		at, ok := f.e.Deadline()
		if !ok || at.After(end) {
			break
		}
		require.Less(f.t, n, 20000, "deadlines do not come on")
		if at.After(f.now) {
			f.now = at
		}
	}
	f.now = end
}

func (f *fuzzed) drain() {
	for n := 0; ; n++ {
		o, ok := f.e.Next(f.now, nil)
		if !ok {
			return
		}
		require.Less(f.t, n, 5000, "sends without end")
		require.NoError(f.t, o.Sign(f.key))
		p, err := packet.Parse(o.Bytes)
		require.NoError(f.t, err)
		require.NotEqual(f.t, packet.SYN|packet.Close, p.Flags&(packet.SYN|packet.Close))
		require.LessOrEqual(f.t, len(p.Payload), 1812)
		for c, ok := f.e.Changed(); ok; c, ok = f.e.Changed() {
			_ = c
		}
	}
}

// check requires what must hold at all times.
func (f *fuzzed) check() {
	require.LessOrEqual(f.t, f.e.Streams(), 20)
	require.LessOrEqual(f.t, f.e.Buffered(), fuzzLimit+20*2*2048)
	for _, s := range f.streams {
		require.GreaterOrEqual(f.t, s.Readable(), 0)
		require.GreaterOrEqual(f.t, s.Writable(), 0)
		streaming.CheckInvariants(f.t, s)
	}
}

// end closes everything: nothing is left, in bounded time.
func (f *fuzzed) end() {
	f.listener.Close()
	for s := f.listener.Accept(); s != nil; s = f.listener.Accept() {
		f.streams = append(f.streams, s)
	}
	for _, s := range f.streams {
		s.Close()
	}
	f.pass(time.Hour)
	require.Zero(f.t, f.e.Streams())
	require.Zero(f.t, f.e.Buffered())
	streaming.CheckIdle(f.t, f.e)
	_, ok := f.e.Deadline()
	require.False(f.t, ok, "an engine without streams waits for nothing")
}

// FuzzEngine gives an engine anything to do and to receive.
func FuzzEngine(f *testing.F) {
	f.Add([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xa9, 7, 20, 9, 0, 1, 0, 1, 4, 1, 0})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 4, 0xa9, 7, 20, 9, 5, 0, 0, 1, 6, 0, 200, 4, 0, 100, 7, 0, 0, 4, 200, 0})
	f.Add([]byte("random bytes are a program as good as any other, and long ones do more"))
	f.Fuzz(func(t *testing.T, program []byte) { newFuzzed(t).run(program) })
}
