package streamingsim

import (
	"io"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/require"
)

// FuzzSchedule lets the input decide the fate of each packet, for as long as it lasts: what is
// read is what was written, whatever is lost, doubled, late or out of order.
func FuzzSchedule(f *testing.F) {
	f.Add([]byte{0, 0, 0})
	f.Add([]byte("\x01\x01\x02\x80\x90\xa0\x03\x03\x03\x01\x00\xff"))
	f.Fuzz(func(t *testing.T, fates []byte) {
		n := NewNetwork(NewWorld(1))
		a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
		there, back := n.JoinBoth(a, b, Path{Delay: 30 * time.Millisecond})
		n.Tap = func(from, _ keys.Destination, raw []byte) bool {
			if len(fates) == 0 {
				return true
			}
			l, to := there, b
			if from == b.Dest {
				l, to = back, a
			}
			fate := fates[0]
			fates = fates[1:]
			for range fate % 4 { // lost, once, twice, thrice
				n.After(l.Delay+time.Duration(fate/4)*4*time.Millisecond, func() { to.receive(0, 0, raw) })
			}
			return false
		}
		const total = 20_000
		var server *both
		serve(t, b, total, func(x *both) { server = x })
		steps(a)
		s, err := a.Engine.Dial(b.Dest, 0, 0)
		require.NoError(t, err)
		client := own(t, s, 1, 2, total)
		client.step()
		a.Pump()
		n.RunUntil(time.Hour, func() bool { return a.Engine.Streams()+b.Engine.Streams() == 0 })
		require.Zero(t, a.Engine.Streams()+b.Engine.Streams())
		if s.Err() != nil || server == nil {
			require.Greater(t, n.Elapsed(), 30*time.Second, "an early end: %v", s.Err()) // as long as an answer may wait to be taken
			return
		}
		require.Equal(t, []int{total, total}, []int{client.r.n, server.r.n})
		require.Equal(t, []error{io.EOF, io.EOF}, []error{client.r.err, server.r.err})
	})
}
