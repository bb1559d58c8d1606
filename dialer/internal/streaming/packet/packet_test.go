package packet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A packet with every option, written out.
func TestAppendOrder(t *testing.T) {
	from := destination(t)
	p := Packet{
		SendID: 0x01020304, ReceiveID: 0x05060708, Sequence: 9, AckThrough: 12, Nacks: Nacks{}.Add(10).Add(11), ResendDelay: 7,
		Flags: SYN | SignatureIncluded | FromIncluded | DelayRequested | MaxPacketIncluded,
		Delay: 0x1122, From: from, MaxPacketSize: 1812, Signature: bytes.Repeat([]byte{0xee}, 64), Payload: []byte("data"),
	}
	b, err := p.Append([]byte("before"))
	require.NoError(t, err)
	want := "before\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x09\x00\x00\x00\x0c\x02\x00\x00\x00\x0a\x00\x00\x00\x0b\x07\x00\xe9\x01\xcb" +
		"\x11\x22" + string(from) + "\x07\x14" + strings.Repeat("\xee", 64) + "data"
	assert.Equal(t, want, string(b))
	assert.Equal(t, len(want)-6, p.Len())
	got, err := Parse(b[6:])
	require.NoError(t, err)
	assert.Equal(t, p, got)
	at, n := got.SignatureAt()
	assert.Equal(t, bytes.Repeat([]byte{0xee}, 64), b[6+at:][:n])
}

func TestParseRefuses(t *testing.T) {
	ack := "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x03"
	for name, b := range map[string]string{
		"empty":                   "",
		"short":                   ack + "\x00\x00\x00\x00\x00",
		"255 NACKs announced":     ack + "\xff" + strings.Repeat("x", 100),
		"NACKs to the very end":   ack + "\x01\x00\x00\x00\x01\x00",
		"options beyond the end":  ack + "\x00\x00\x00\x40\x00\x02\x00",
		"delay without room":      ack + "\x00\x00\x00\x40\x00\x00",
		"bytes without a flag":    ack + "\x00\x00\x00\x00\x00\x01x",
		"signature without bytes": ack + "\x00\x00\x00\x08\x00\x00",
		"FROM too short":          ack + "\x00\x00\x00\x20\x00\x0a0123456789",
		"certificate too long":    ack + "\x00\x00\x00\x20\x01\x83" + strings.Repeat("\x00", 384) + "\x05\x00\x04",
		"offline without FROM":    ack + "\x00\x00\x08\x00\x00\x66" + strings.Repeat("\x00", 102),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(b))
			assert.ErrorIs(t, err, ErrMalformed)
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, p := range map[string]Packet{
		"too many NACKs":      {Nacks: make(Nacks, 4*256)},
		"half a NACK":         {Nacks: make(Nacks, 3)},
		"no FROM":             {Flags: FromIncluded},
		"no signature":        {Flags: SignatureIncluded},
		"options too long":    {Flags: SignatureIncluded, Signature: make([]byte, 1<<16)},
		"offline and no FROM": {Flags: OfflineSignature, Offline: make([]byte, 102)},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := p.Append([]byte("before"))
			assert.ErrorIs(t, err, ErrMalformed)
			assert.Equal(t, "before", string(b))
		})
	}
}

func TestUnknownFlagsAreKept(t *testing.T) {
	b, err := (&Packet{Flags: 0xf000, Payload: []byte("x")}).Append(nil)
	require.NoError(t, err)
	p, err := Parse(b)
	require.NoError(t, err)
	assert.Equal(t, Flags(0xf000), p.Flags)
	assert.Contains(t, p.String(), "0xf000")
}

func TestKinds(t *testing.T) {
	assert.True(t, (&Packet{}).PlainAck())
	assert.False(t, (&Packet{Flags: SYN}).PlainAck())
	assert.False(t, (&Packet{Sequence: 1}).PlainAck())
	assert.True(t, (&Packet{Flags: SYN}).Opens())
	assert.False(t, (&Packet{Flags: SYN, SendID: 1}).Opens())

	// The forms of the choke: i2pd's two, Java's, and delays that are none.
	for delay, choke := range map[uint16]bool{0: false, 500: false, 59999: false, 60000: true, 61000: true, 65535: true} {
		assert.Equal(t, choke, (&Packet{Flags: DelayRequested, Delay: delay}).Choke(), delay)
	}
	assert.False(t, (&Packet{Delay: SendChoke}).Choke(), "without the flag")
}

func TestPongAmplifiesNothing(t *testing.T) {
	ping := Packet{SendID: 7, Flags: Echo | SignatureIncluded | FromIncluded, Payload: make([]byte, 1000)}
	require.True(t, ping.IsPing())
	pong := ping.Pong()
	assert.True(t, pong.IsPong())
	assert.Equal(t, uint32(7), pong.ReceiveID)
	assert.Len(t, pong.Payload, MaxEcho)
	assert.Less(t, pong.Len(), ping.Len())
}

// BenchmarkParse and BenchmarkAppend are of a full data packet with some NACKs.
func BenchmarkParse(b *testing.B) {
	raw, err := dataPacket().Append(nil)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	p := dataPacket()
	buf := make([]byte, 0, p.Len())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Append(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func dataPacket() *Packet {
	return &Packet{SendID: 1, ReceiveID: 2, Sequence: 3, AckThrough: 9, Nacks: Nacks{}.Add(4).Add(6), Flags: DelayRequested, Payload: make([]byte, 1812)}
}
