package streamingsim

import (
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stream on which little is said does not take that for all that the path bears: a long answer that follows takes
// hardly longer than it would at the beginning.
func TestLittleBeforeMuch(t *testing.T) {
	for _, rtt := range []time.Duration{50 * time.Millisecond, 400 * time.Millisecond} {
		fresh, later := answerAfter(t, rtt, 0), answerAfter(t, rtt, 20)
		t.Logf("RTT %v: 1 MiB in %v, after 20 small messages in %v", rtt, fresh, later)
		assert.Less(t, later, 3*fresh/2, "%v", rtt)
	}
}

// answerAfter is how long 1 MiB takes on a stream that has carried some messages, one by one.
func answerAfter(t testing.TB, rtt time.Duration, messages int) time.Duration {
	n := NewNetwork(NewWorld(1))
	a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
	there, back := load{rtt: rtt, rate: 3 << 20}.links(n.World)
	n.Join(a, b, there)
	n.Join(b, a, back)
	got := bulk(t, a, b, 0)
	a.Changed = nil
	s, err := a.Engine.Dial(b.Dest, 0, 0)
	require.NoError(t, err)
	a.Pump()
	n.Run(2 * rtt)
	write := func(size int) {
		k, err := s.Write(make([]byte, size))
		require.NoError(t, err)
		require.Equal(t, size, k)
		a.Pump()
	}
	for range messages {
		write(1000)
		n.Run(rtt * 3 / 2)
	}
	require.Equal(t, 1000*messages, got())
	begin := n.Elapsed()
	write(1 << 20)
	require.True(t, n.RunUntil(time.Minute, func() bool { return got() == 1000*messages+1<<20 }))
	return n.Elapsed() - begin
}

// Who fills the buffer again only some time after there was room for more, as a goroutine that has to wake up, loses nothing by it.
func TestWriterThatWakesUp(t *testing.T) {
	const d = 30 * time.Second
	l := load{rtt: 400 * time.Millisecond, rate: 3 << 20, seed: 1}
	atOnce := l.rates(t, []who{{"ours", 1}}, 0, d)[0]
	n := NewNetwork(NewWorld(l.seed))
	there, back := l.links(n.World)
	a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
	n.Join(a, b, there)
	n.Join(b, a, back)
	got := bulk(t, a, b, 0)
	buf := make([]byte, 64<<10)
	a.Changed = func(c streaming.Change) {
		if c.Stream != nil && c.Stream.Opened() {
			n.After(10*time.Millisecond, func() {
				_, _ = c.Stream.Write(buf)
				a.Pump()
			})
		}
	}
	_, err := a.Engine.Dial(b.Dest, 0, 0)
	require.NoError(t, err)
	a.Pump()
	n.Run(d)
	rate := float64(got()) / 1000 / d.Seconds()
	t.Logf("%.0f KB/s, %.0f where it writes at once", rate, atOnce)
	assert.Greater(t, rate, 0.95*atOnce)
}
