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
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	theirID  = 0x7e117e11
	i2pdSYN  = 9 // the resend delay in SYNs of i2pd
	javaSYN  = 1
	i2pdFull = 1812
)

// script is an engine and, by hand, its peer.
type script struct {
	*testing.T
	e       *streaming.Engine
	now     time.Time
	self    keys.Destination
	peer    keys.Destination
	selfKey streamingsim.Key
	key     streamingsim.Key
	random  []uint32 // what the engine draws first
	drawn   uint32
	out     []sent // all that the engine has sent
}

// sent is a packet of the engine's.
type sent struct {
	packet.Packet
	raw []byte
	o   streaming.Outgoing
	at  time.Time
}

func newScript(t *testing.T, c streaming.Config) *script {
	s := &script{T: t, now: time.Unix(1_800_000_000, 0)}
	s.self, s.selfKey = streamingsim.NewKey(1)
	s.peer, s.key = streamingsim.NewKey(2)
	c.Destination = s.self
	c.Random = s.draw
	e, err := streaming.New(s.now, c)
	require.NoError(t, err)
	s.e = e
	return s
}

func (s *script) draw() uint32 {
	if len(s.random) > 0 {
		r := s.random[0]
		s.random = s.random[1:]
		return r
	}
	s.drawn++
	return 0x1000 + s.drawn
}

// drain returns what the engine sends now.
func (s *script) drain() []sent {
	var list []sent
	for o, ok := s.e.Next(s.now, nil); ok; o, ok = s.e.Next(s.now, nil) {
		require.NoError(s, o.Sign(s.selfKey))
		p, err := packet.Parse(o.Bytes)
		require.NoError(s, err)
		if p.Flags.Has(packet.SignatureIncluded) {
			require.NoError(s, p.Verify(o.Bytes, packet.KeyOf(s.self)))
		}
		assert.Equal(s, s.peer, o.To)
		list = append(list, sent{p, o.Bytes, o, s.now})
		require.Less(s, len(list), 10000, "the engine never stops sending")
	}
	s.out = append(s.out, list...)
	return list
}

// pass lets time pass, and returns what the engine sends meanwhile.
func (s *script) pass(d time.Duration) []sent {
	list := s.drain()
	end := s.now.Add(d)
	for n := 0; ; n++ {
		require.Less(s, n, 100000, "the engine's deadlines do not come on")
		at, ok := s.e.Deadline()
		if !ok || at.After(end) {
			s.now = end
			return append(list, s.drain()...)
		}
		if at.After(s.now) {
			s.now = at
		}
		list = append(list, s.drain()...)
	}
}

// encode signs what must be signed, unless there is a signature already.
func (s *script) encode(p packet.Packet) []byte {
	if p.Flags&(packet.SYN|packet.Close|packet.Reset) != 0 && p.Signature == nil {
		p.Flags |= packet.SignatureIncluded
		p.Signature = make([]byte, 64)
		b, err := p.Append(nil)
		require.NoError(s, err)
		require.NoError(s, p.Sign(b, s.key))
		return b
	}
	b, err := p.Append(nil)
	require.NoError(s, err)
	return b
}

// send lets the peer send a packet.
func (s *script) send(p packet.Packet) error {
	return s.e.Receive(s.now, 0, 0, s.encode(p))
}

// synack is the peer's answer to a SYN.
func (s *script) synack(local uint32, resendDelay byte) packet.Packet {
	return packet.Packet{SendID: local, ReceiveID: theirID, ResendDelay: resendDelay,
		Flags: packet.SYN | packet.FromIncluded | packet.MaxPacketIncluded, From: s.peer.Bytes(), MaxPacketSize: i2pdFull}
}

// opens is the peer's SYN.
func (s *script) opens(resendDelay byte) packet.Packet {
	p := packet.Packet{ReceiveID: theirID, ResendDelay: resendDelay, MaxPacketSize: i2pdFull, From: s.peer.Bytes(),
		Flags: packet.SYN | packet.FromIncluded | packet.MaxPacketIncluded | packet.NoAck}
	p.SetReceiver(s.self.Hash())
	return p
}

// dial opens a stream to the peer, which answers after 100 ms.
func (s *script) dial(resendDelay byte) (*streaming.Stream, uint32) {
	st, err := s.e.Dial(s.peer, 1234, 80)
	require.NoError(s, err)
	out := s.drain()
	require.Len(s, out, 1)
	s.pass(100 * time.Millisecond)
	require.NoError(s, s.send(s.synack(out[0].ReceiveID, resendDelay)))
	require.True(s, st.Opened())
	s.pass(time.Second)
	return st, out[0].ReceiveID
}

// accept lets the peer open a stream, and acknowledge its answer.
func (s *script) accept(resendDelay byte) (*streaming.Stream, uint32) {
	l, err := s.e.Listen(0)
	require.NoError(s, err)
	require.NoError(s, s.send(s.opens(resendDelay)))
	st := l.Accept()
	require.NotNil(s, st)
	out := s.drain()
	require.Len(s, out, 1)
	s.pass(100 * time.Millisecond)
	require.NoError(s, s.send(packet.Packet{SendID: out[0].ReceiveID, ReceiveID: theirID}))
	return st, out[0].ReceiveID
}

// from is a packet of the peer's in an open stream.
func from(local uint32, seq, ack uint32, flags packet.Flags, data string) packet.Packet {
	return packet.Packet{SendID: local, ReceiveID: theirID, Sequence: seq, AckThrough: ack, Flags: flags, Payload: []byte(data)}
}

// having returns the packets with all of the flags.
func having(list []sent, f packet.Flags) (found []sent) {
	for _, p := range list {
		if p.Flags.Has(f) {
			found = append(found, p)
		}
	}
	return found
}

// data returns the packets that take a place in the stream and are no SYN.
func data(list []sent) (found []sent) {
	for _, p := range list {
		if p.Sequence > 0 && !p.Flags.Has(packet.Reset) {
			found = append(found, p)
		}
	}
	return found
}

func write(t testing.TB, s *streaming.Stream, b string) {
	n, err := s.Write([]byte(b))
	require.NoError(t, err)
	require.Equal(t, len(b), n)
}

func read(t testing.TB, s *streaming.Stream) string {
	b := make([]byte, 1<<20)
	n, err := s.Read(b)
	require.NoError(t, err)
	return string(b[:n])
}

// counts requires so many packets, and shows what there are if that is not so.
func counts(t testing.TB, n int, list []sent) {
	t.Helper()
	if len(list) != n {
		for _, p := range list {
			t.Log(p.at.Format("05.000"), p.Packet.String())
		}
		require.Equal(t, n, len(list))
	}
}
