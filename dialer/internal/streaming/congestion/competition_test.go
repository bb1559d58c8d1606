package congestion

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// beside is a path that 30 packets fill, 50 ms long, with others who came after 5 s and whose packets are as many whatever happens.
func beside(others int, jitter, d time.Duration) *path {
	p := newPath(50*time.Millisecond, 600)
	p.jitter = jitter
	p.run(5 * time.Second)
	p.others = others
	p.run(d)
	return p
}

// Who keeps a queue full that does not end does not get all of the path in time.
func TestCompetes(t *testing.T) {
	for others, least := range map[int]float64{40: 0.3, 50: 0.3, 60: 0.3, 80: 0.15} {
		p := beside(others, 30*time.Millisecond, 15*time.Second)
		p.acked = 0
		p.run(10 * time.Second)
		share := float64(p.acked) / 10 / p.rate
		t.Logf("beside %d packets: %.0f %%", others, 100*share)
		assert.Greater(t, share, least)
		assert.Less(t, share, 0.7)
	}
}

// Others are seen when all rates are forgotten that were measured before they came, and not only after as many rounds as that
// takes without a queue: the longer a round is, the more of a rate is lost in it.
func TestCompetesSoon(t *testing.T) {
	assert.True(t, beside(300, 0, 6*time.Second).c.competing())
}

// When the others have gone, what they would have waited for goes, too.
func TestCompetesNoMore(t *testing.T) {
	alone := newPath(50*time.Millisecond, 600)
	alone.jitter = 50 * time.Millisecond
	alone.run(70 * time.Second)
	p := beside(100, 50*time.Millisecond, 25*time.Second)
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

// A queue of our own, which a rate leaves behind that has fallen, is not taken for one of others, as long as round trips differ little.
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

// What is not used beside others does not grow, or it would come all at once.
func TestCompetesForWhatIsUsed(t *testing.T) {
	for _, others := range []int{60, 80, 100} {
		p := beside(others, 30*time.Millisecond, 7*time.Second)
		p.longest = 0
		p.run(3 * time.Second)
		before := p.longest
		for range 150 { // 30 packets a second, a twentieth of what the path carries
			for range 3 {
				p.send()
			}
			p.c.Starved(len(p.flight))
			p.wait(100 * time.Millisecond)
		}
		p.longest = 0
		p.run(time.Second)
		assert.Less(t, p.longest, before*3/2, "beside %d packets", others)
	}
}

// competes returns in how many of so many seconds there is a competition.
func (p *path) competes(seconds int) (n int) {
	for range seconds {
		p.run(time.Second)
		if p.c.competing() {
			n++
		}
	}
	return n
}

// Where nobody else is, nobody is seen, not on a slow path either, where a few packets are long.
func TestAloneIsNoCompetition(t *testing.T) {
	for rate, jitters := range map[float64][]time.Duration{20: {0, 30, 100}, 60: {0, 30, 100}, 100: {0, 30, 100}, 600: {0, 100}} {
		for _, rtt := range []time.Duration{50, 150, 400} {
			for _, jitter := range jitters {
				p := newPath(rtt*time.Millisecond, rate)
				p.jitter = jitter * time.Millisecond
				p.run(20 * time.Second)
				assert.Less(t, p.competes(50), 15, "%v packets a second, RTT %v, jitter %v", rate, p.rtt, p.jitter)
			}
		}
	}
}

// Where round trips differ by more than is made room for, that is taken for others, but what waits then is bounded.
func TestJitterMakesNoLongQueue(t *testing.T) {
	for _, rate := range []float64{100, 600} {
		for _, rtt := range []time.Duration{50, 150, 400} {
			for _, jitter := range []time.Duration{300, 600} {
				p := newPath(rtt*time.Millisecond, rate)
				p.jitter = jitter * time.Millisecond
				p.run(20 * time.Second)
				p.longest, p.acked = 0, 0
				p.run(50 * time.Second)
				assert.Less(t, p.longest, 2*p.rtt+p.jitter+750*time.Millisecond, "%v packets a second, RTT %v, jitter %v", rate, p.rtt, p.jitter)
				assert.Greater(t, float64(p.acked), 0.9*rate*50)
			}
		}
	}
}

// What was taken for a queue of others, and was our own on a path that has become slow for good, is so no longer than until
// the smallest round trip is looked for.
func TestSlowPathIsNoLongCompetition(t *testing.T) {
	for _, rtt := range []time.Duration{50, 150} {
		for _, jitter := range []time.Duration{30, 60, 100} {
			p := newPath(rtt*time.Millisecond, 600)
			p.jitter = jitter * time.Millisecond
			p.run(20 * time.Second)
			p.rate = 60
			p.run(30 * time.Second)
			assert.Less(t, p.competes(60), 6, "RTT %v, jitter %v", p.rtt, p.jitter)
		}
	}
}

// Who has kept a queue full before a pause need not do so after it.
func TestCompetesNoMoreAfterAPause(t *testing.T) {
	for _, others := range []int{40, 60, 100} {
		p := beside(others, 30*time.Millisecond, 20*time.Second)
		assert.True(t, p.c.competing())
		for len(p.flight) > 0 {
			p.wait(time.Millisecond)
		}
		p.send()
		assert.True(t, p.c.competing(), "a short pause is none")
		p.wait(time.Minute)
		p.send()
		assert.False(t, p.c.competing())
		assert.Less(t, float64(p.c.Window()), 2*p.c.product(p.c.Rate()))
	}
}

// A rate of before that nobody was seen to have made sink is none to ask for a part of, when in time a slow path's own queue
// passes for one of others.
func TestFallenRateIsForgottenWhereNobodyWasSeen(t *testing.T) {
	p := newPath(50*time.Millisecond, 2000)
	p.jitter = 75 * time.Millisecond
	p.run(20 * time.Second)
	p.rate = 20
	p.run(25 * time.Second) // what was under way has left, and the smallest round trip has been looked for
	p.longest = 0
	p.run(40 * time.Second)
	assert.Less(t, p.longest, time.Second)
}

// What was under way before our own queue had gone tells nothing of what is left of it.
func TestDoubtsByWhatIsSentMeanwhile(t *testing.T) {
	for _, rate := range []float64{60, 100} {
		p := newPath(50*time.Millisecond, 10*rate)
		p.jitter = 150 * time.Millisecond
		p.run(20 * time.Second)
		p.rate = rate
		p.run(5 * time.Second)
		assert.True(t, p.c.competing(), "our own queue is taken for one of others")
		p.run(15 * time.Second)
		assert.Less(t, p.competes(40), 8, "%v packets a second", rate)
	}
}
