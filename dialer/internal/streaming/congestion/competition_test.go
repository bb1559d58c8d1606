package congestion

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Who keeps a queue full that does not end does not get all of the path in time.
func TestCompetes(t *testing.T) {
	for _, others := range []int{40, 50, 60} { // of 30 that fill the path
		p := newPath(50*time.Millisecond, 600)
		p.jitter = 30 * time.Millisecond
		p.run(5 * time.Second)
		p.others = others
		p.run(15 * time.Second)
		p.acked = 0
		p.run(10 * time.Second)
		share := float64(p.acked) / 10 / p.rate
		t.Logf("beside %d packets: %.0f %%", others, 100*share)
		assert.Greater(t, share, 0.3)
		assert.Less(t, share, 0.7)
	}
}

// When the others have gone, what they would have waited for goes, too.
func TestCompetesNoMore(t *testing.T) {
	alone := newPath(50*time.Millisecond, 600)
	alone.jitter = 50 * time.Millisecond
	alone.run(70 * time.Second)
	p := newPath(50*time.Millisecond, 600)
	p.jitter = 50 * time.Millisecond
	p.run(5 * time.Second)
	p.others = 100
	p.run(25 * time.Second)
	assert.True(t, p.c.competing())
	p.others = 0
	p.run(35 * time.Second)
	assert.False(t, p.c.competing())
	p.longest, alone.longest, p.acked = 0, 0, 0
	p.run(5 * time.Second)
	alone.run(5 * time.Second)
	assert.Less(t, p.longest, alone.longest*5/4)
	assert.Greater(t, float64(p.acked), 0.95*600*5)
}

// A queue of our own, which a rate leaves behind that has fallen, is not taken for one of others.
func TestFallenRateIsNoCompetition(t *testing.T) {
	for _, rtt := range []time.Duration{50, 150, 400} {
		p := newPath(rtt*time.Millisecond, 600)
		p.run(20 * time.Second)
		p.rate = 200
		for range 40 {
			p.run(time.Second)
			assert.False(t, p.c.competing(), p.rtt)
		}
	}
}
