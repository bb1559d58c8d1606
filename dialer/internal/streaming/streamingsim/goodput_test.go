package streamingsim

import (
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/stretchr/testify/require"
)

// endless writes without end, and counts what the other side reads.
type endless struct {
	t   testing.TB
	got int
}

// bulk starts n of our streams from a to b, without end.
func bulk(t testing.TB, net *Network, a, b *Node, streams int) *endless {
	e := &endless{t: t}
	l, err := b.Engine.Listen(0)
	require.NoError(t, err)
	buf := make([]byte, 64<<10)
	b.Changed = func(c streaming.Change) {
		for s := l.Accept(); s != nil; s = l.Accept() {
		}
		if c.Stream != nil {
			n, _ := c.Stream.Read(buf)
			for ; n > 0; n, _ = c.Stream.Read(buf) {
				e.got += n
			}
		}
	}
	a.Changed = func(c streaming.Change) {
		if c.Stream != nil && c.Stream.Opened() && c.Stream.Writable() > 0 {
			_, _ = c.Stream.Write(buf)
		}
	}
	for range streams {
		_, err := a.Engine.Dial(b.Dest, 0, 0)
		require.NoError(t, err)
	}
	a.Pump()
	return e
}

// load is what the tables are about.
type load struct {
	rtt    time.Duration
	jitter time.Duration
	loss   float64
	rate   float64
	queue  float64 // in products of rate and round trip
	seed   uint64
}

func (l load) links(w *World) (there, back *Link) {
	p := Path{Delay: l.rtt / 2, Jitter: l.jitter, Loss: l.loss, Rate: l.rate, Queue: int(l.rate * max(l.queue*l.rtt.Seconds(), 0.2))}
	return w.NewLink(p), w.NewLink(p)
}

// rates runs flows of the named kinds at the same time, and returns their goodputs in
// KB/s after a while, and how many packets the queue has dropped.
func (l load) rates(t testing.TB, names []string, settle, d time.Duration) []float64 {
	n := NewNetwork(NewWorld(l.seed))
	there, back := l.links(n.World)
	var got []func() int
	for i, name := range names {
		switch name {
		case "ours":
			a, b := n.NewNode(uint64(2*i+1), streaming.Config{}), n.NewNode(uint64(2*i+2), streaming.Config{})
			n.Join(a, b, there)
			n.Join(b, a, back)
			e := bulk(t, n, a, b, 1)
			got = append(got, func() int { return e.got })
		case "i2pd":
			f := n.NewFlow(I2Pd, there, back, l.rtt)
			got = append(got, f.Received)
		case "java":
			f := n.NewFlow(Java, there, back, l.rtt)
			got = append(got, f.Received)
		case "":
		}
		if i+1 < len(names) && settle > 0 {
			n.Run(7 * time.Second)
		}
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

func (l load) mean(t testing.TB, names []string, settle, d time.Duration) []float64 {
	const seeds = 3
	sum := make([]float64, len(names))
	for l.seed = 1; l.seed <= seeds; l.seed++ {
		for i, r := range l.rates(t, names, settle, d) {
			sum[i] += r / seeds
		}
	}
	return sum
}
