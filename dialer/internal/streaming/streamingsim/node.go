package streamingsim

import (
	"crypto/ed25519"
	"encoding/binary"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/keys"
)

// Key is an Ed25519 key of a destination, made of a number.
type Key struct{ private ed25519.PrivateKey }

// Sign signs as keys of this process do.
func (k Key) Sign(b []byte) ([]byte, error) { return ed25519.Sign(k.private, b), nil }

// NewKey returns the destination of a number, and its key.
func NewKey(n uint64) (keys.Destination, Key) {
	seed := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(seed, n)
	k := ed25519.NewKeyFromSeed(seed)
	b := append(make([]byte, 352, 391), k.Public().(ed25519.PublicKey)...)
	d, err := keys.DestinationFromBytes(append(b, 5, 0, 4, 0, 7, 0, 0))
	if err != nil {
		panic(err)
	}
	return d, Key{k}
}

// Network carries packets between nodes, by their destinations.
type Network struct {
	*World
	nodes map[keys.Destination]*Node
	links map[[2]keys.Destination]*Link
	// Tap sees every packet that is sent; false loses it. It may be nil.
	Tap func(from, to keys.Destination, b []byte) bool
}

// NewNetwork returns a network without nodes.
func NewNetwork(w *World) *Network {
	return &Network{World: w, nodes: make(map[keys.Destination]*Node), links: make(map[[2]keys.Destination]*Link)}
}

// Join lets packets from one node to another go through a link.
func (n *Network) Join(from, to *Node, l *Link) { n.links[[2]keys.Destination{from.Dest, to.Dest}] = l }

// JoinBoth makes a link each way of a path, and returns them.
func (n *Network) JoinBoth(a, b *Node, p Path) (there, back *Link) {
	there, back = n.NewLink(p), n.NewLink(p)
	n.Join(a, b, there)
	n.Join(b, a, back)
	return there, back
}

func (n *Network) send(from keys.Destination, o *streaming.Outgoing) {
	if n.Tap != nil && !n.Tap(from, o.To, o.Bytes) {
		return
	}
	to, l := n.nodes[o.To], n.links[[2]keys.Destination{from, o.To}]
	if to == nil || l == nil {
		return
	}
	b, source, dest := o.Bytes, o.SourcePort, o.DstPort
	l.Send(len(b), func() { to.receive(source, dest, b) })
}

// Node is an engine in a network.
type Node struct {
	Dest    keys.Destination
	Engine  *streaming.Engine
	Changed func(streaming.Change) // may be nil
	// SignDelay is how long signing takes; other packets go on meanwhile.
	SignDelay time.Duration
	// Late is up to how long packets and deadlines wait for their turn, all of them together, as on a busy machine.
	Late time.Duration

	Received, Sent int
	net            *Network
	key            Key
	conf           streaming.Config
	timer          int
	down           bool
	waiting        []func() // for their turn
}

// NewNode returns an engine with the destination of a number.
func (n *Network) NewNode(number uint64, c streaming.Config) *Node {
	d := &Node{net: n, conf: c}
	d.Dest, d.key = NewKey(number)
	d.conf.Destination = d.Dest
	d.conf.Random = n.Rand.Uint32
	n.nodes[d.Dest] = d
	d.Restart()
	return d
}

// Restart gives the node a new engine, which knows nothing.
func (d *Node) Restart() {
	e, err := streaming.New(d.net.Now(), d.conf)
	if err != nil {
		panic(err)
	}
	d.Engine, d.down = e, false
}

// Stop lets the node hear and say nothing any more.
func (d *Node) Stop() { d.down = true }

func (d *Node) receive(source, dest uint16, b []byte) {
	if d.down {
		return
	}
	d.Received++
	d.turn(func() { _ = d.Engine.Receive(d.net.Now(), source, dest, b) })
}

// turn lets f happen and what follows from it, when it is the node's turn.
func (d *Node) turn(f func()) {
	if d.Late == 0 {
		f()
		d.Pump()
		return
	}
	if d.waiting = append(d.waiting, f); len(d.waiting) > 1 {
		return
	}
	d.net.After(time.Duration(d.net.Rand.Int64N(int64(d.Late))), func() {
		for _, f := range d.waiting {
			f()
		}
		d.waiting = d.waiting[:0]
		d.Pump()
	})
}

// Pump does what a session does after anything has happened: it sends what there is to
// send, tells what has changed, and waits for the deadline.
func (d *Node) Pump() {
	if d.down {
		return
	}
	for busy := true; busy; {
		busy = d.tell()
		for o, ok := d.Engine.Next(d.net.Now(), nil); ok; o, ok = d.Engine.Next(d.net.Now(), nil) {
			d.send(o)
			busy = true
		}
		busy = d.tell() || busy // Next may have ended streams without sending anything
	}
	d.timer++
	if at, ok := d.Engine.Deadline(); ok {
		n, e := d.timer, d.Engine
		d.net.After(max(at.Sub(d.net.Now()), 10*time.Microsecond), func() {
			if d.timer == n && d.Engine == e {
				d.turn(func() {})
			}
		})
	}
}

// tell tells what has changed.
func (d *Node) tell() (any bool) {
	for c, ok := d.Engine.Changed(); ok; c, ok = d.Engine.Changed() {
		if d.Changed != nil {
			d.Changed(c)
			any = true
		}
	}
	return any
}

func (d *Node) send(o streaming.Outgoing) {
	d.Sent++
	if !o.NeedsSignature() {
		d.net.send(d.Dest, &o)
		return
	}
	sign := func() {
		if err := o.Sign(d.key); err != nil {
			panic(err)
		}
		d.net.send(d.Dest, &o)
	}
	if d.SignDelay == 0 {
		sign()
		return
	}
	d.net.After(d.SignDelay, sign)
}
