package streamingsim

import (
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const foreignID = 0x0f0e0d0c

// foreign is a destination whose receiver acknowledges as another implementation does.
type foreign struct {
	t        testing.TB
	dest     keys.Destination
	key      Key
	receiver *modelReceiver
	furthest uint32 // packet beyond what has arrived in order
	reply    func(packet.Packet)
	kind     Kind
}

// dialForeign lets a node send without end to a receiver of that kind.
func dialForeign(t testing.TB, n *Network, a *Node, kind Kind, there, back *Link) *foreign {
	f := &foreign{t: t, kind: kind}
	f.dest, f.key = NewKey(99)
	f.receiver = &modelReceiver{w: n.World, kind: kind, rtt: there.Delay + back.Delay, next: 1, have: make(map[uint32]bool), ackAt: never}
	n.Tap = func(_, to keys.Destination, b []byte) bool {
		if to == f.dest {
			there.Send(len(b), func() { f.receive(b) })
		}
		return true
	}
	f.reply = func(p packet.Packet) {
		b, err := p.Append(nil)
		require.NoError(t, err)
		if p.Flags.Has(packet.SignatureIncluded) {
			require.NoError(t, p.Sign(b, f.key))
		}
		back.Send(len(b), func() { a.receive(0, 0, b) })
	}
	buf := make([]byte, 64<<10)
	a.Changed = func(c streaming.Change) {
		if c.Stream != nil && c.Stream.Opened() {
			_, _ = c.Stream.Write(buf)
		}
	}
	_, err := a.Engine.Dial(f.dest, 0, 0)
	require.NoError(t, err)
	a.Pump()
	return f
}

func (f *foreign) receive(b []byte) {
	p, err := packet.Parse(b)
	require.NoError(f.t, err)
	switch {
	case p.Flags.Has(packet.SYN):
		id := p.ReceiveID
		f.receiver.out = func(ack *packet.Packet) {
			ack.SendID, ack.ReceiveID = id, foreignID
			f.reply(*ack)
		}
		delay := byte(1)
		if f.kind == I2Pd {
			delay = 9
		}
		f.reply(packet.Packet{SendID: id, ReceiveID: foreignID, ResendDelay: delay, MaxPacketSize: 1812, From: f.dest.Bytes(), Signature: make([]byte, 64),
			Flags: packet.SYN | packet.FromIncluded | packet.SignatureIncluded | packet.MaxPacketIncluded})
	case !p.PlainAck() && len(p.Payload) > 0:
		f.furthest = max(f.furthest, p.Sequence-min(p.Sequence, f.receiver.next))
		f.receiver.receive(&p)
	}
}

// To receivers of i2pd and Java, whose acknowledgements come later than ours; Java's keeps 130
// packets, and a window of 128 is what bounds us there.
func TestGoodputToOthers(t *testing.T) {
	for kind, name := range []string{"i2pd", "java"} {
		for _, loss := range []float64{0, 0.02} {
			n := NewNetwork(NewWorld(1))
			a := n.NewNode(1, streaming.Config{})
			p := Path{Delay: 100 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: loss, Rate: 512 << 10, Queue: 128 << 10}
			f := dialForeign(t, n, a, Kind(kind), n.NewLink(p), n.NewLink(p))
			n.Run(30 * time.Second)
			rate := float64(f.receiver.bytes) / 30 / 1000
			t.Logf("%s, loss %.0f %%: %.0f KB/s, %d packets ahead", name, 100*loss, rate, f.furthest)
			assert.Greater(t, rate, 350.0)
			if Kind(kind) == Java {
				assert.LessOrEqual(t, f.furthest, uint32(130))
			}
		}
	}
}
