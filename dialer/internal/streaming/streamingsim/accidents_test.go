package streamingsim

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// After a tunnel was dead for a while, the stream goes on as fast as before.
func TestOutage(t *testing.T) {
	for _, outage := range []time.Duration{2, 10, 40} {
		n := NewNetwork(NewWorld(1))
		a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
		there, back := n.JoinBoth(a, b, Path{Delay: 100 * time.Millisecond, Rate: 1 << 20, Queue: 256 << 10})
		got := bulk(t, a, b, 1)
		n.Run(20 * time.Second)
		there.Down, back.Down = true, true
		n.Run(outage * time.Second)
		there.Down, back.Down = false, false
		n.Run(outage*time.Second + 5*time.Second) // the next retransmission time-out is as far away as the outage was long
		before := got()
		n.Run(10 * time.Second)
		rate := float64(got()-before) / 10 / 1000
		t.Logf("outage of %d s: %.0f KB/s", outage, rate)
		assert.Greater(t, rate, 700.0)
	}
}

// A peer that was restarted knows nothing: its answer to a ping ends the stream in bounded time.
func TestPeerRestarts(t *testing.T) {
	for _, answers := range []bool{true, false} {
		n := NewNetwork(NewWorld(1))
		a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{AnswerPings: answers})
		n.JoinBoth(a, b, Path{Delay: 100 * time.Millisecond})
		_, err := b.Engine.Listen(0)
		require.NoError(t, err)
		s, err := a.Engine.Dial(b.Dest, 0, 0)
		require.NoError(t, err)
		a.Pump()
		n.Run(time.Second)
		b.Restart()
		_, err = s.Write([]byte("into the void"))
		require.NoError(t, err)
		a.Pump()
		begin := n.Elapsed()
		require.True(t, n.RunUntil(time.Hour, s.Ended))
		t.Log(n.Elapsed()-begin, s.Err())
		if answers {
			assert.ErrorIs(t, s.Err(), streaming.ErrGone)
			assert.Less(t, n.Elapsed()-begin, 40*time.Second)
		} else {
			assert.ErrorIs(t, s.Err(), streaming.ErrTimeout)
			assert.LessOrEqual(t, n.Elapsed()-begin, 121*time.Second)
		}
	}
}

// The same seed is the same run, packet by packet.
func TestSameSeedSameRun(t *testing.T) {
	run := func() (trace []string) {
		n := NewNetwork(NewWorld(7))
		a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
		n.JoinBoth(a, b, Path{Delay: 50 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.05, Rate: 1 << 20, Queue: 64 << 10})
		n.Tap = func(_, _ keys.Destination, raw []byte) bool {
			p, err := packet.Parse(raw)
			require.NoError(t, err)
			trace = append(trace, fmt.Sprint(n.Elapsed(), p.String()))
			return true
		}
		bulk(t, a, b, 5)
		n.Run(5 * time.Second)
		return trace
	}
	first := run()
	require.Greater(t, len(first), 1000)
	assert.Equal(t, first, run())
}

// A thousand streams at once, all of them whole.
func TestThousandStreams(t *testing.T) {
	n := NewNetwork(NewWorld(1))
	conf := streaming.Config{Limits: streaming.Limits{OpensPerMinute: -1, PeerPerMinute: -1, Backlog: 1000}}
	a, b := n.NewNode(1, conf), n.NewNode(2, conf)
	n.JoinBoth(a, b, Path{Delay: 50 * time.Millisecond, Loss: 0.01, Rate: 4 << 20, Queue: 512 << 10})
	const total = 3000
	servers := make(map[*both]bool)
	serve(t, b, total, func(x *both) { servers[x] = true })
	steps(a)
	var all []*both
	for range 1000 {
		s, err := a.Engine.Dial(b.Dest, 0, 0)
		require.NoError(t, err)
		all = append(all, own(t, s, 1, 2, total))
	}
	for _, x := range all {
		x.step()
	}
	a.Pump()
	done := func() bool { return a.Engine.Streams()+b.Engine.Streams() == 0 }
	require.True(t, n.RunUntil(10*time.Minute, done))
	t.Log(n.Elapsed())
	for _, x := range all {
		require.NoError(t, x.r.s.Err())
		require.Equal(t, total, x.r.n)
	}
	require.Len(t, servers, 1000)
}
