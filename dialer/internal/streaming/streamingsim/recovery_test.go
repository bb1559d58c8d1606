package streamingsim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
)

// What the control of a destination has learnt in a bad spell of the path is no reason to crawl afterwards, be it that its
// streams go on or that new ones come: they get at least half of what those get that know nothing. The path is a connection
// of two routers by TCP, which repairs its losses, so that they show as delay.
func TestGoodputAfterABadSpell(t *testing.T) {
	const seeds, d = 2, 8 * time.Second
	for _, loss := range []float64{0.01, 0.03} {
		for _, streams := range []int{1, 10} {
			l := load{rtt: 150 * time.Millisecond, loss: loss, rate: 1 << 20, tcp: true}
			var fresh, goingOn, again float64
			for l.seed = 1; l.seed <= seeds; l.seed++ {
				fresh += l.rates(t, []who{{"ours", streams}}, 3*time.Second, d)[0] / seeds
				on, new := l.afterSpell(t, streams, d)
				goingOn, again = goingOn+on/seeds, again+new/seeds
			}
			t.Logf("%2d streams, loss %.2f: %4.0f KB/s of fresh ones, %4.0f of those that go on, %4.0f of new ones", streams, loss, fresh, goingOn, again)
			assert.Greater(t, goingOn, 0.5*fresh)
			assert.Greater(t, again, 0.5*fresh)
		}
	}
}

// afterSpell returns what streams get, in KB/s, after the path had a tenth of its rate for ten seconds: those that
// went on, and those that came when it was as bad again, and nothing was sent for a while.
func (l load) afterSpell(t *testing.T, streams int, d time.Duration) (goingOn, again float64) {
	n := NewNetwork(NewWorld(l.seed))
	there, back := l.links(n.World)
	a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
	n.Join(a, b, there)
	n.Join(b, a, back)
	spell := func() {
		there.Rate = l.rate / 10
		n.Run(10 * time.Second)
		there.Rate = l.rate
	}
	rate := func(got func() int) float64 {
		n.Run(3 * time.Second)
		before := got()
		n.Run(d)
		return float64(got()-before) / 1000 / d.Seconds()
	}
	got := bulk(t, a, b, streams)
	n.Run(5 * time.Second)
	spell()
	goingOn = rate(got)
	spell()
	a.Engine.Fail(nil)
	b.Restart()
	n.Run(20 * time.Second)
	require.Zero(t, a.Engine.Streams())
	return goingOn, rate(bulk(t, a, b, streams))
}

// A path that stands still makes all streams time out. That is one event, however many they are.
func TestGoodputAfterAStandstill(t *testing.T) {
	after := func(streams int) float64 {
		l := load{rtt: 150 * time.Millisecond, rate: 1 << 20, seed: 1}
		n := NewNetwork(NewWorld(l.seed))
		there, back := l.links(n.World)
		a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
		n.Join(a, b, there)
		n.Join(b, a, back)
		got := bulk(t, a, b, streams)
		n.Run(5 * time.Second)
		there.Down, back.Down = true, true
		n.Run(3 * time.Second)
		there.Down, back.Down = false, false
		n.Run(2 * time.Second) // until all have tried again
		before := got()
		n.Run(2 * time.Second)
		return float64(got()-before) / 2000
	}
	one, ten := after(1), after(10)
	t.Logf("one stream: %.0f KB/s, ten: %.0f", one, ten)
	assert.Greater(t, ten, 0.8*one)
}

// Who has said little before sends much no slower than who begins with it.
func TestGoodputAfterALittle(t *testing.T) {
	for _, loss := range []float64{0, 0.03} {
		after := func(little int) (sum float64) {
			const seeds, d = 3, 6 * time.Second
			for seed := range uint64(seeds) {
				l := load{rtt: 400 * time.Millisecond, loss: loss, rate: 1 << 20, tcp: true, seed: seed + 1}
				n := NewNetwork(NewWorld(l.seed))
				there, back := l.links(n.World)
				a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
				n.Join(a, b, there)
				n.Join(b, a, back)
				got := bulk(t, a, b, 0)
				for range little {
					s, err := a.Engine.Dial(b.Dest, 0, 0)
					require.NoError(t, err)
					_, err = s.Write(make([]byte, 100))
					require.NoError(t, err)
					a.Pump()
					n.Run(time.Second)
				}
				n.Run(time.Second)
				before := got()
				bulkTo(t, a, b, 10)
				n.Run(d)
				sum += float64(got()-before) / 1000 / d.Seconds() / seeds
			}
			return sum
		}
		none, little := after(0), after(10)
		t.Logf("loss %.2f: %.0f KB/s of who begins with it, %.0f of who has said little before", loss, none, little)
		assert.Greater(t, little, 0.8*none)
	}
}
