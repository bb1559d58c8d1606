package streamingsim

import (
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	simSeed = flag.Uint64("sim.seed", 0, "seed of the simulation; 0 is a new one each time")
	simDays = flag.Int("sim.days", 10, "simulated days")
)

// plan is what is done with one stream.
type plan struct {
	up, down  int    // bytes each way
	end       string // by the dialler, when it has written all: "shut", "close", "reset"
	slow      bool   // the dialler reads slowly
	disturbed bool   // a node was restarted or a link was cut meanwhile
	dialled   time.Duration
	client    *side
	server    *side
}

var errRestarted = errors.New("restarted")

// side is one end of a stream: what it writes and reads is a pattern, so that every byte is checked.
type side struct {
	y       *year
	n       *Node
	p       *plan // nil at the server until it has read which
	s       *streaming.Stream
	seed    int
	out, in int    // so far
	total   int    // to write
	header  []byte // of the dialler's data: the number of the plan
	shut    bool
	err     error // of reading, or why nobody reads
	slow    bool
}

// year is three nodes that open streams to each other, on links that change.
type year struct {
	t      testing.TB
	net    *Network
	nodes  []*Node
	links  []*Link
	plans  []*plan // that are not over, in order
	byNum  map[uint32]*plan
	done   map[string]int
	calmAt time.Duration // when the last accident is over
	bytes  int
}

func newYear(t testing.TB, seed uint64) *year {
	y := &year{t: t, net: NewNetwork(NewWorld(seed)), byNum: make(map[uint32]*plan), done: make(map[string]int)}
	for i := range 3 {
		n := y.net.NewNode(uint64(i+1), streaming.Config{KeepAlive: 10 * time.Minute, AnswerPings: true})
		y.nodes = append(y.nodes, n)
		y.listen(n)
	}
	for i, a := range y.nodes {
		for _, b := range y.nodes[i+1:] {
			there, back := y.net.JoinBoth(a, b, Path{})
			y.links = append(y.links, there, back)
		}
	}
	y.weather()
	return y
}

func (y *year) listen(n *Node) {
	l, err := n.Engine.Listen(0)
	require.NoError(y.t, err)
	n.Changed = func(c streaming.Change) {
		if c.Listener != nil {
			for s := l.Accept(); s != nil; s = l.Accept() {
				x := &side{y: y, n: n, s: s, seed: 2}
				s.Owner = x
				x.step()
			}
		}
		if c.Stream != nil && c.Stream.Owner != nil {
			c.Stream.Owner.(*side).step()
		}
	}
}

// weather gives every link a new path now and then.
func (y *year) weather() {
	r := y.net.Rand
	for _, l := range y.links {
		l.Path = Path{Delay: time.Duration(20+r.IntN(400)) * time.Millisecond}
		if r.IntN(2) == 0 {
			l.Jitter = time.Duration(1 + r.Int64N(int64(l.Delay)))
		}
		if r.IntN(2) == 0 {
			l.Loss = r.Float64() * 0.1
		}
		if r.IntN(4) == 0 {
			l.Duplicate, l.Reorder, l.ReorderBy = r.Float64()*0.1, r.Float64()*0.2, l.Delay
		}
		if r.IntN(3) == 0 {
			l.Rate, l.Queue = float64(20+r.IntN(1000))*1024, (4+r.IntN(256))<<10
		}
	}
	y.net.After(time.Duration(1+r.IntN(12))*time.Hour, y.weather)
}

// accident cuts a link for some time, or restarts a node, which then knows nothing.
func (y *year) accident() {
	r := y.net.Rand
	for _, p := range y.plans {
		p.disturbed = true
	}
	if r.IntN(3) == 0 {
		n := y.nodes[r.IntN(len(y.nodes))]
		for _, p := range y.plans {
			p.client.restarted(n)
			p.server.restarted(n)
		}
		n.Restart()
		y.listen(n)
		n.Pump()
		return
	}
	l := y.links[r.IntN(len(y.links))]
	l.Down = true
	d := time.Duration(1+r.IntN(300)) * time.Second
	y.calmAt = max(y.calmAt, y.net.Elapsed()+d)
	y.net.After(d, func() { l.Down = false })
}

// open starts a new stream.
func (y *year) open() {
	r := y.net.Rand
	i := r.IntN(3)
	from, to := y.nodes[i], y.nodes[(i+1+r.IntN(2))%3]
	p := &plan{up: r.IntN(60_000), down: r.IntN(60_000), end: []string{"shut", "close", "shut", "reset"}[r.IntN(4)], slow: r.IntN(5) == 0, dialled: y.net.Elapsed(), disturbed: y.net.Elapsed() < y.calmAt}
	if r.IntN(30) == 0 {
		p.up, p.down = 2_000_000, 2_000_000
	}
	s, err := from.Engine.Dial(to.Dest, 0, 0)
	require.NoError(y.t, err)
	num := uint32(len(y.byNum))
	y.byNum[num] = p
	header := binary.BigEndian.AppendUint32(nil, num)
	p.client = &side{y: y, n: from, p: p, s: s, seed: 1, total: p.up, header: header, slow: p.slow}
	s.Owner = p.client
	y.plans = append(y.plans, p)
	p.client.step()
	from.Pump()
}

func TestYear(t *testing.T) {
	seed := *simSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test -run TestYear -sim.seed %d -sim.days %d", seed, *simDays)
	y := newYear(t, seed)
	for range *simDays {
		for range 24 {
			y.net.After(time.Duration(y.net.Rand.Int64N(int64(40*time.Minute))), y.open)
			if y.net.Rand.IntN(20) == 0 {
				y.net.After(time.Duration(y.net.Rand.Int64N(int64(time.Hour))), y.accident)
			}
			y.net.Run(time.Hour)
			y.settle()
		}
	}
	y.net.Run(2 * time.Hour)
	y.settle()
	for i, n := range y.nodes {
		assert.Zero(t, n.Engine.Streams(), "node %d", i)
		assert.Zero(t, n.Engine.Buffered(), "node %d", i)
	}
	assert.Empty(t, y.plans)
	t.Log(y.done, y.bytes>>20, "MiB")
}

// settle checks what has ended, and that nothing takes for ever.
func (y *year) settle() {
	var left []*plan
	for _, p := range y.plans {
		if !p.over() {
			require.Less(y.t, y.net.Elapsed()-p.dialled, 3*time.Hour, "a stream does not end: %+v client %+v server %+v", p, p.client, p.server)
			left = append(left, p)
			continue
		}
		p.check(y)
	}
	y.plans = left
}

func (p *plan) over() bool {
	return p.client.over() && (p.server == nil || p.server.over())
}

func (x *side) over() bool { return x.err != nil && (x.s.Ended() || x.err == errRestarted) }

// check requires that all has arrived if nothing has disturbed it.
func (p *plan) check(y *year) {
	y.bytes += p.client.in
	if p.server != nil {
		y.bytes += p.server.in
	}
	kind := p.end
	if p.disturbed {
		kind = "disturbed"
	}
	y.done[kind]++
	if p.disturbed || p.end == "reset" {
		return
	}
	require.NotNil(y.t, p.server)
	assert.Equal(y.t, io.EOF, p.server.err, "%+v", p)
	assert.Equal(y.t, p.up, p.server.in)
	if p.end == "shut" {
		assert.Equal(y.t, io.EOF, p.client.err, "%+v", p)
		assert.Equal(y.t, p.down, p.client.in)
		assert.NoError(y.t, p.client.s.Err())
	}
}
