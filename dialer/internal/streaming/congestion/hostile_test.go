package congestion

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever a path and a peer do, there is never more under way than is allowed, always a little may be, and the pace is a number.
func TestHostilePath(t *testing.T) {
	competed := 0
	for seed := range uint64(30) {
		p := newPath(50*time.Millisecond, 600)
		p.dice = rand.New(rand.NewPCG(seed, 1))
		most := 512
		upTo := func(d time.Duration) time.Duration { return time.Duration(p.dice.Int64N(int64(d))) }
		for range 40 {
			switch p.dice.IntN(10) {
			case 0:
				p.rtt = time.Duration(1) << p.dice.IntN(32) // up to 2 s
			case 1:
				p.rate = 1 + 2000*p.dice.Float64()
			case 2:
				p.jitter = upTo(time.Second)
			case 3:
				p.late = upTo(time.Second)
			case 4:
				p.loseEach = p.dice.IntN(10)
			case 5, 6:
				p.others = p.dice.IntN(200)
			case 7: // nothing comes through
				p.c.TimedOut()
				p.c.Lost(len(p.flight))
				p.flight = nil
				p.now += upTo(time.Minute)
			case 8:
				p.c.Spurious()
			case 9:
				p.wait(upTo(time.Second))
				p.c.Starved(len(p.flight))
			}
			if p.dice.IntN(200) == 0 {
				most = 128
				p.c.SetMax(most)
			}
			for range 100 {
				p.run(20 * time.Millisecond)
				w, pace := p.c.Window(), p.c.Pace()
				require.GreaterOrEqual(t, w, minWindow, "seed %d", seed)
				require.LessOrEqual(t, w, most, "seed %d", seed)
				require.False(t, math.IsNaN(pace) || math.IsInf(pace, 0) || pace < 0, "seed %d: %v", seed, pace)
				if p.c.competing() {
					competed++
				}
			}
		}
	}
	assert.Positive(t, competed, "nobody has ever been seen")
}
