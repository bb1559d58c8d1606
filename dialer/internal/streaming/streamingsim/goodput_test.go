package streamingsim

import (
	"cmp"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	simTable = flag.Bool("sim.table", false, "measure all paths of the tables, and not only some")
	simSeeds = flag.Uint64("sim.seeds", 1, "runs of which the tables show the mean")
)

// bulk starts streams from a to b that carry data without end, and returns how much has arrived.
func bulk(t testing.TB, a, b *Node, streams int) func() int {
	got := 0
	l, err := b.Engine.Listen(0)
	require.NoError(t, err)
	buf := make([]byte, 64<<10)
	b.Changed = func(c streaming.Change) {
		for s := l.Accept(); s != nil; s = l.Accept() {
		}
		if c.Stream != nil {
			for n, _ := c.Stream.Read(buf); n > 0; n, _ = c.Stream.Read(buf) {
				got += n
			}
		}
	}
	bulkTo(t, a, b, streams)
	return func() int { return got }
}

// bulkTo starts more of them.
func bulkTo(t testing.TB, a, b *Node, streams int) {
	buf := make([]byte, 64<<10)
	mine := make(map[*streaming.Stream]bool)
	a.Changed = func(c streaming.Change) {
		if mine[c.Stream] && c.Stream.Opened() {
			_, _ = c.Stream.Write(buf)
		}
	}
	for range streams {
		s, err := a.Engine.Dial(b.Dest, 0, 0)
		require.NoError(t, err)
		mine[s] = true
	}
	a.Pump()
}

// load is a path, and who shares it.
type load struct {
	rtt    time.Duration
	jitter time.Duration // 0 is a little
	loss   float64
	rate   float64       // bytes a second
	late   time.Duration // of our nodes
	tcp    bool          // the bottleneck is a connection of two routers by TCP
	seed   uint64
	seeds  uint64 // of which mean takes the mean, at least
}

// links have a queue of a round trip, and of 200 ms at least, and a little jitter.
func (l load) links(w *World) (there, back *Link) {
	p := Path{Delay: l.rtt / 2, Jitter: cmp.Or(l.jitter, l.rtt/20), Loss: l.loss, Rate: l.rate, Queue: int(l.rate * max(l.rtt.Seconds(), 0.2)), Learns: l.tcp, Repairs: l.tcp}
	return w.NewLink(p), w.NewLink(p)
}

// who sends: an implementation, and how many streams.
type who struct {
	name    string
	streams int
}

// rates returns what each of those who share the links gets, in KB/s, from settle on for
// d; each comes 7 s after the one before it.
func (l load) rates(t testing.TB, all []who, settle, d time.Duration) []float64 {
	n := NewNetwork(NewWorld(l.seed))
	there, back := l.links(n.World)
	var got []func() int
	for i, w := range all {
		if i > 0 {
			n.Run(7 * time.Second)
		}
		if w.name == "ours" {
			a, b := n.NewNode(uint64(2*i+1), streaming.Config{}), n.NewNode(uint64(2*i+2), streaming.Config{})
			a.Late, b.Late = l.late, l.late
			n.Join(a, b, there)
			n.Join(b, a, back)
			got = append(got, bulk(t, a, b, w.streams))
			continue
		}
		flows := n.NewFlows(map[string]Kind{"i2pd": I2Pd, "java": Java}[w.name], w.streams, there, back, l.rtt)
		got = append(got, func() (sum int) {
			for _, f := range flows {
				sum += f.Received()
			}
			return sum
		})
	}
	n.Run(settle)
	before := make([]int, len(got))
	for i, f := range got {
		before[i] = f()
	}
	n.Run(d)
	rates := make([]float64, len(got))
	for i, f := range got {
		rates[i] = float64(f()-before[i]) / 1000 / d.Seconds()
	}
	return rates
}

func (l load) mean(t testing.TB, all []who, settle, d time.Duration) []float64 {
	sum := make([]float64, len(all))
	seeds := max(l.seeds, *simSeeds)
	for l.seed = 1; l.seed <= seeds; l.seed++ {
		for i, r := range l.rates(t, all, settle, d) {
			sum[i] += r / float64(seeds)
		}
	}
	return sum
}

// paths are those of the tables, or some of them.
func paths(rate float64, f func(l load, name string)) {
	for i, rtt := range []time.Duration{50, 150, 400} {
		for j, loss := range []float64{0, 0.01, 0.03} {
			if !*simTable && (i+j)%3 != 1 {
				continue
			}
			l := load{rtt: rtt * time.Millisecond, loss: loss, rate: rate}
			f(l, fmt.Sprintf("RTT %3d ms, loss %.0f %%", rtt, 100*loss))
		}
	}
}

// One stream and ten on a path of 3 MiB/s, in the first 30 s: at least 0.9 of what i2pd's control
// gets, and where there is loss 5 times what Java's does with one stream.
func TestGoodput(t *testing.T) {
	for _, streams := range []int{1, 10} {
		if streams > 1 && !*simTable {
			continue
		}
		paths(3<<20, func(l load, name string) {
			const d = 30 * time.Second
			ours := l.mean(t, []who{{"ours", streams}}, 0, d)[0]
			i2pd := l.mean(t, []who{{"i2pd", streams}}, 0, d)[0]
			java := l.mean(t, []who{{"java", streams}}, 0, d)[0]
			t.Logf("%2d streams, %s: ours %5.0f KB/s, i2pd %5.0f, java %5.0f", streams, name, ours, i2pd, java)
			assert.Greater(t, ours, 0.9*i2pd, name)
			if l.loss > 0 && streams == 1 {
				assert.Greater(t, ours, 5*java, name)
			}
		})
	}
}

// The same with round trips that vary by half, as those through tunnels do: a window
// that was made for the shortest of them would leave the path empty.
func TestGoodputWithJitter(t *testing.T) {
	paths(1<<20, func(l load, name string) {
		l.jitter = l.rtt / 2
		const d = 30 * time.Second
		ours := l.mean(t, []who{{"ours", 1}}, 0, d)[0]
		i2pd := l.mean(t, []who{{"i2pd", 1}}, 0, d)[0]
		t.Logf("%s: ours %5.0f KB/s, i2pd %5.0f", name, ours, i2pd)
		assert.Greater(t, ours, 0.8*i2pd, name)
	})
}

// On a busy machine, where whatever is to be done waits for its turn, most of it is left.
func TestGoodputOnBusyMachines(t *testing.T) {
	paths(1<<20, func(l load, name string) {
		const d = 20 * time.Second
		idle := l.mean(t, []who{{"ours", 1}}, 0, d)[0]
		for late, least := range map[time.Duration]float64{20 * time.Millisecond: 0.8, 50 * time.Millisecond: 0.65} {
			l.late = late
			busy := l.mean(t, []who{{"ours", 1}}, 0, d)[0]
			t.Logf("%s, up to %v late: %5.0f KB/s of %5.0f", name, late, busy, idle)
			assert.Greater(t, busy, least*idle, name)
		}
	})
}

// On a path whose bottleneck has to find its rate itself, in the first 15 s and in the next. What is found depends much on
// when losses come.
func TestGoodputOfNestedControl(t *testing.T) {
	for _, streams := range []int{1, 10} {
		paths(1<<20, func(l load, name string) {
			l.tcp, l.seeds = true, 10
			const d = 15 * time.Second
			for begin, least := range map[time.Duration]float64{0: 0.9, d: 0.7} {
				ours := l.mean(t, []who{{"ours", streams}}, begin, d)[0]
				i2pd := l.mean(t, []who{{"i2pd", streams}}, begin, d)[0]
				t.Logf("%2d streams, %s, from %2.0f s on: ours %5.0f KB/s, i2pd %5.0f", streams, name, begin.Seconds(), ours, i2pd)
				assert.Greater(t, ours, least*i2pd, name)
			}
		})
	}
}

// fair requires that neither our stream nor one of i2pd's gets less than three tenths of what both get, whoever comes first.
func (l load) fair(t *testing.T, name string, settle, d time.Duration) {
	first := l.mean(t, []who{{"ours", 1}, {"i2pd", 1}}, settle, d)
	second := l.mean(t, []who{{"i2pd", 1}, {"ours", 1}}, settle, d)
	share := (first[0]/(first[0]+first[1]) + second[1]/(second[0]+second[1])) / 2
	t.Logf("%s: ours first %4.0f, i2pd %4.0f KB/s; i2pd first %4.0f, ours %4.0f; our share %.0f %%",
		name, first[0], first[1], second[0], second[1], 100*share)
	assert.InDelta(t, 0.5, share, 0.2, name)
}

// On a path of 1 MiB/s.
func TestFairness(t *testing.T) {
	paths(1<<20, func(l load, name string) {
		settle, d := 40*time.Second, 40*time.Second
		if *simTable {
			d = 120 * time.Second
		}
		l.fair(t, name, settle, d)
	})
}

// The same where the bottleneck is a connection of two routers, and both have to find their share of a rate that changes.
func TestFairnessOfNestedControl(t *testing.T) {
	paths(1<<20, func(l load, name string) {
		l.tcp, l.seeds = true, 3
		l.fair(t, name, 30*time.Second, 30*time.Second)
	})
}

// Two of ours share evenly, and ten streams to one destination take no more than one beside another's.
func TestFairnessAmongOurselves(t *testing.T) {
	for _, loss := range []float64{0, 0.02} {
		l := load{rtt: 150 * time.Millisecond, loss: loss, rate: 1 << 20}
		r := l.mean(t, []who{{"ours", 1}, {"ours", 1}}, 20*time.Second, 30*time.Second)
		t.Logf("loss %.2f: %.0f and %.0f KB/s", loss, r[0], r[1])
		assert.InDelta(t, 0.5, r[0]/(r[0]+r[1]), 0.2)
		r = l.mean(t, []who{{"ours", 10}, {"ours", 1}}, 20*time.Second, 30*time.Second)
		t.Logf("loss %.2f: ten streams %.0f, one %.0f KB/s", loss, r[0], r[1])
		assert.InDelta(t, 0.5, r[0]/(r[0]+r[1]), 0.2)
	}
}
