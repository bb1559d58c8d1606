package streaming

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
)

// Config is what an [Engine] is made of. It must not be changed afterwards.
type Config struct {
	// Destination is the engine's own. Required.
	Destination keys.Destination
	// Offline is set when a transient key signs: the destination's statement
	// about that key (I2P common structures, "Offline Signature").
	Offline []byte
	// Random makes the numbers of streams and pings. nil is crypto/rand; tests give a seeded one.
	Random func() uint32

	// MaxPacketSize is the largest payload, in bytes, that is asked of peers and
	// sent to them, at least 512. 0 is 1812, which fills two tunnel messages.
	MaxPacketSize int
	// KeepAlive is how long a stream is idle before its peer is asked whether
	// it still has it. 0 is 5 minutes, negative is never.
	KeepAlive time.Duration
	// Linger is how long Close waits for progress of what was written before it
	// resets the stream. 0 is 30 s.
	Linger time.Duration
	// GiveUp is how long data may stay unacknowledged before the stream
	// fails with ErrTimeout, and a dial too. 0 is 120 s.
	GiveUp time.Duration
	// AnswerPings lets others learn that the destination is alive.
	AnswerPings bool
	// RequireReceiver refuses SYNs that do not name their receiver, as those of
	// routers before API 0.9.58 (2023) do not, and could be replayed to another destination.
	RequireReceiver bool
	// Allow is asked, before the signature is checked, whether a destination may open a
	// stream to a port. Those it refuses get no answer. nil allows all.
	Allow func(from keys.Destination, port uint16) bool

	Limits Limits
}

// Limits bound what peers can make an engine hold. In all fields 0 is the default and negative is none.
type Limits struct {
	Streams        int // in all, both ways: 16384
	StreamsPerPeer int // that one destination has opened: 1024
	Backlog        int // not yet accepted, for each port: 64
	OpensPerMinute int // SYNs that are looked at, from all: 6000
	PeerPerMinute  int // streams that one destination opens: 600
	ReceiveBuffer  int // bytes of one stream that are not read yet: 2 MiB, at least 256 KiB; a quarter of it chokes
	SendBuffer     int // bytes of one stream that are not acknowledged yet: 1 MiB
	Buffered       int // bytes of all streams that are not read yet: 64 MiB
	Unacknowledged int // bytes of all streams that are not acknowledged yet: 64 MiB; of one, no more than it leaves to others
}

const (
	maxPayload     = 1812 // garlic-encrypted it fills two tunnel messages
	defaultPayload = 1730 // what a peer takes that does not say
	minPayload     = 512  // Java I2P refuses less

	minReceiveBuffer = 256 << 10 // more than Java I2P has under way at most
)

func (c Config) withDefaults() (Config, error) {
	if c.Destination.IsZero() {
		return c, fmt.Errorf("streaming: no destination")
	}
	if c.Random == nil {
		c.Random = cryptoRandom
	}
	c.MaxPacketSize = min(max(or(c.MaxPacketSize, maxPayload), minPayload), math.MaxUint16/2)
	c.KeepAlive = or(c.KeepAlive, 5*time.Minute)
	c.Linger = or(c.Linger, 30*time.Second)
	c.GiveUp = or(c.GiveUp, 120*time.Second)
	l := &c.Limits
	l.Streams = orNone(l.Streams, 16384)
	l.StreamsPerPeer = orNone(l.StreamsPerPeer, 1024)
	l.Backlog = orNone(l.Backlog, 64)
	l.OpensPerMinute = orNone(l.OpensPerMinute, 6000)
	l.PeerPerMinute = orNone(l.PeerPerMinute, 600)
	l.ReceiveBuffer = max(orNone(l.ReceiveBuffer, 2<<20), minReceiveBuffer)
	l.SendBuffer = max(orNone(l.SendBuffer, 1<<20), maxPayload)
	l.Buffered = max(orNone(l.Buffered, 64<<20), minReceiveBuffer)
	l.Unacknowledged = orNone(l.Unacknowledged, 64<<20)
	return c, nil
}

// signatureLen is the length of what the engine's signer makes.
func (c Config) signatureLen(now time.Time) (int, error) {
	if len(c.Offline) == 0 {
		return c.Destination.SignatureType().SignatureLen(), nil
	}
	key, err := packet.TransientKey(c.Offline, c.Destination, now)
	return key.Type.SignatureLen(), err
}

func or[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

func orNone(v, def int) int {
	if v < 0 {
		return math.MaxInt
	}
	return or(v, def)
}

func cryptoRandom() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}
