package i2cp_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

var (
	goodputFor    = flag.Duration("goodput.for", 8*time.Second, "how long each sends in a round")
	goodputRounds = flag.Int("goodput.rounds", 2, "how often each has its turn")
	goodputSettle = flag.Duration("goodput.settle", 20*time.Second, "how long both send at once before it counts")
	goodputRate   = flag.Int("goodput.rate", 1<<20, "of the links, in bytes of IP packets a second; 0 is any")
	goodputTCP    = flag.String("goodput.tcp", "bbr", "congestion control of the routers' connections, as Linux names it")
	goodputOut    = flag.String("goodput.out", "", "folder of goodput.csv, which lines are added to, and of the table and the plot of all its lines")
)

// goodputQueue, or a round trip if that is longer, is what waits before a link at most.
const goodputQueue = 200 * time.Millisecond

// BenchmarkGoodputOnRouters is what streams make of delayed and lossy links between two real routers: ours, from I2CP to
// I2CP, and i2pd's own, from SAM to SAM, in turns on the same network, then one of each at once, and two of i2pd's. It takes
// some three minutes for each link:
//
//	go test -run '^$' -bench GoodputOnRouters -benchtime 1x -timeout 1h ./dialer/i2cp -goodput.out /tmp
func BenchmarkGoodputOnRouters(b *testing.B) {
	var all goodputs
	for _, rtt := range []time.Duration{50, 150, 400} {
		for _, loss := range []float64{0, 1, 3} {
			rtt := rtt * time.Millisecond
			b.Run(fmt.Sprintf("%v/%v%%", rtt, loss), func(b *testing.B) {
				link := i2pnet.Link{Delay: rtt / 2, Loss: loss / 100, Rate: *goodputRate}
				link.Queue = int(float64(link.Rate) * max(rtt, goodputQueue).Seconds())
				nw := i2pnet.Require(b, i2pnet.Config{TCP: *goodputTCP, Links: func(int, int) i2pnet.Link { return link }})
				pairs := flowPairs(b, nw)
				for _, streams := range []int{1, 10} {
					b.Run(fmt.Sprintf("%d", streams), func(b *testing.B) {
						for b.Loop() {
							g := goodput{RTT: rtt, Loss: loss, Streams: streams}
							g.Ours, g.Theirs = inTurns(b, pairs, streams)
							b.ReportMetric(g.Ours/g.Theirs, "ratio")
							all = append(all, g)
						}
					})
				}
				b.Run("once", func(b *testing.B) {
					for b.Loop() {
						g := goodput{RTT: rtt, Loss: loss, Streams: 1, Shared: true}
						g.Ours, g.Theirs = atOnce(b, pairs)
						b.ReportMetric(g.Ours/(g.Ours+g.Theirs), "share")
						all = append(all, g)
					}
				})
				b.Run("theirs", func(b *testing.B) {
					from := overSAM(b, nw, 0)
					two := [2]flowPair{pairs[1], {"i2pd again", from, listen(b, overSAM(b, nw, 1), from)[0]}}
					for b.Loop() {
						g := goodput{RTT: rtt, Loss: loss, Shared: true}
						g.Ours, g.Theirs = atOnce(b, two)
						g.Ours, g.Theirs = max(g.Ours, g.Theirs), min(g.Ours, g.Theirs)
						b.ReportMetric(g.Ours/(g.Ours+g.Theirs), "share")
						all = append(all, g)
					}
				})
			})
		}
	}
	if *goodputOut != "" && len(all) > 0 {
		require.NoError(b, all.save(*goodputOut))
	}
	b.Logf("\n%s", all.markdown())
}

// flowPair is who sends, and who listens on another router.
type flowPair struct {
	name string
	from dialer.Backend
	to   net.Listener
}

// flowPairs starts sessions of ours and of SAM on both routers, and waits until they know each other.
func flowPairs(b *testing.B, nw *i2pnet.Network) [2]flowPair {
	ours, theirs := over(b, nw, 0), overSAM(b, nw, 0)
	lns := listen(b, over(b, nw, 1), overSAM(b, nw, 1), ours, theirs)
	pairs := [2]flowPair{{"ours", ours, lns[0]}, {"i2pd", theirs, lns[1]}}
	for _, p := range pairs {
		f, err := openFlows(b.Context(), p, 1)
		require.NoError(b, err, p.name)
		f.end()
	}
	return pairs
}

// inTurns returns the goodput of each, in bytes a second.
func inTurns(b *testing.B, pairs [2]flowPair, streams int) (ours, theirs float64) {
	var sum [2]float64
	for round := range *goodputRounds {
		for i := range pairs {
			i := (i + round) % len(pairs)
			f, err := openFlows(b.Context(), pairs[i], streams)
			require.NoError(b, err, pairs[i].name)
			n := f.run(*goodputFor)
			f.end()
			b.Logf("%s: %d streams, round %d: %.0f KB/s", pairs[i].name, streams, round+1, n/1000)
			sum[i] += n / float64(*goodputRounds)
		}
	}
	return sum[0], sum[1]
}

// atOnce returns what a stream of each gets while the other has one, too.
func atOnce(b *testing.B, pairs [2]flowPair) (ours, theirs float64) {
	var got [2]float64
	var both errgroup.Group
	for i, p := range pairs {
		f, err := openFlows(b.Context(), p, 1)
		require.NoError(b, err, p.name)
		defer f.end()
		both.Go(func() error {
			f.start(*goodputSettle + 2**goodputFor)
			time.Sleep(*goodputSettle)
			got[i] = f.rate(2 * *goodputFor)
			return nil
		})
	}
	require.NoError(b, both.Wait())
	require.NotZero(b, got[0]+got[1], "nothing has come through: is a router down?")
	b.Logf("at once: %.0f and %.0f KB/s", got[0]/1000, got[1]/1000)
	return got[0], got[1]
}

// flows are streams that carry data in one direction.
type flows struct {
	clients, servers []net.Conn
	received         atomic.Int64
	ends             errgroup.Group
}

// openFlows opens streams and waits until all have come.
func openFlows(ctx context.Context, p flowPair, streams int) (*flows, error) {
	f := &flows{}
	hello := make([]byte, 100)
	for range streams {
		client, err := dialUntil(ctx, p.from, p.to.Addr())
		if err != nil {
			return nil, err
		}
		f.clients = append(f.clients, client)
		if _, err := client.Write(hello); err != nil { // SAM hands a stream over when data come
			return nil, err
		}
		server, err := acceptWithin(p.to, time.Minute)
		if err != nil {
			return nil, err
		}
		f.servers = append(f.servers, server)
		server.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.ReadFull(server, hello); err != nil {
			return nil, err
		}
		server.SetReadDeadline(time.Time{})
	}
	return f, nil
}

// acceptWithin bounds how long a stream may take that was opened already.
func acceptWithin(ln net.Listener, d time.Duration) (net.Conn, error) {
	type accepted struct {
		conn net.Conn
		err  error
	}
	got := make(chan accepted, 1)
	go func() {
		conn, err := ln.Accept()
		got <- accepted{conn, err}
	}()
	select {
	case a := <-got:
		return a.conn, a.err
	case <-time.After(d):
		return nil, fmt.Errorf("no stream has come in %v", d)
	}
}

// run sends for some time, and returns how many bytes a second have arrived in it.
func (f *flows) run(d time.Duration) float64 {
	f.start(d)
	return f.rate(d)
}

// start sends for some time.
func (f *flows) start(d time.Duration) {
	begin := time.Now()
	for i, client := range f.clients {
		client.SetWriteDeadline(begin.Add(d))
		f.ends.Go(func() error {
			chunk := make([]byte, 64<<10)
			for {
				if _, err := client.Write(chunk); err != nil {
					return nil
				}
			}
		})
		server := f.servers[i]
		f.ends.Go(func() error {
			buf := make([]byte, 64<<10)
			for {
				n, err := server.Read(buf)
				f.received.Add(int64(n))
				if err != nil {
					return nil
				}
			}
		})
	}
}

// rate returns how many bytes a second arrive for some time.
func (f *flows) rate(d time.Duration) float64 {
	begin, before := time.Now(), f.received.Load()
	time.Sleep(d)
	return float64(f.received.Load()-before) / time.Since(begin).Seconds()
}

// end closes the streams, and lets pass what is still on its way.
func (f *flows) end() {
	for i, client := range f.clients {
		if l, ok := client.(interface{ SetLinger(int) error }); ok {
			l.SetLinger(0)
		}
		client.Close()
		f.servers[i].SetReadDeadline(time.Now().Add(10 * time.Second))
	}
	f.ends.Wait()
	for _, server := range f.servers {
		server.Close()
	}
}
