package samtest

import "time"

// Router names the router that a [Bridge] plays. The package comment lists how
// they differ.
type Router int

const (
	// Instant speaks as [Java] does, without its delays and without the
	// behaviours that lose streams. It is for tests of hosts, in real time.
	Instant Router = iota
	Java           // Java I2P 0.9.48
	I2PD245        // i2pd 2.45.1
	I2PD256        // i2pd 2.56.0
	I2PD259        // i2pd 2.59.0
)

// String returns the name and version of the router.
func (r Router) String() string {
	if f := r.flavour(); f != nil {
		return f.name
	}
	return "unknown router"
}

// flavour is how a router behaves.
type flavour struct {
	name string
	i2pd bool
	java bool // the real one, with all its faults

	build       time.Duration // how long SESSION CREATE takes
	naming      time.Duration // NAMING LOOKUP of a base32 name that nobody has
	search      time.Duration // STREAM CONNECT to one
	connect     time.Duration // STREAM CONNECT to a peer that does not answer
	pending     time.Duration // how long a stream waits for an ACCEPT
	maxPending  int
	block       int    // bytes that are still written once the peer has closed
	selfConnect bool   // STREAM CONNECT to oneself works
	young       bool   // queued ACCEPTs of less than 3 s are dropped
	stale       bool   // what follows a CONNECT line is replaced by garbage
	messages    bool   // errors of STREAM CONNECT say why
	losesEnd    bool   // a stream that is closed at once loses its end
	encType     string // lease-set encryption, where none is asked for
	crashEnc    bool   // unknown lease-set encryption crashes it
	modern      bool   // i2pd from 2.58 on: reads lines anew, speaks 3.3
}

// Times that all i2pd versions share.
const (
	lingering   = 5 * time.Second // a destination outlives its session
	youngAccept = 3 * time.Second // younger ones are dropped from the queue
	promotion   = 100 * time.Millisecond
	deadStream  = 279 * time.Second // until unanswered data ends a stream
	latency     = 25 * time.Millisecond
)

var flavours = [...]flavour{
	Instant: {name: "Instant", encType: "4,0", pending: time.Second, selfConnect: true, messages: true},
	Java: {
		name: "Java I2P 0.9.48", encType: "0", java: true, selfConnect: true, messages: true,
		build: 2 * time.Second, naming: 15 * time.Second, search: 15 * time.Second, connect: time.Minute,
	},
	I2PD245: {
		name: "i2pd 2.45.1", encType: "0", i2pd: true, selfConnect: true, stale: true, crashEnc: true,
		build: 20 * time.Second, pending: 10 * time.Second, maxPending: 128, block: 8 << 10,
	},
	I2PD256: {
		name: "i2pd 2.56.0", encType: "0,4", i2pd: true, stale: true, crashEnc: true, young: true, messages: true,
		build: 3 * time.Second, naming: 4800 * time.Millisecond, search: 1600 * time.Millisecond,
		pending: 10 * time.Second, maxPending: 1024, block: 16 << 10,
	},
	I2PD259: {
		name: "i2pd 2.59.0", encType: "0,4,6", i2pd: true, young: true, messages: true, losesEnd: true, modern: true,
		build: 3 * time.Second, naming: 6400 * time.Millisecond, search: 1600 * time.Millisecond,
		pending: 10 * time.Second, maxPending: 1024, block: 16 << 10,
	},
}

// flavour returns nil for a value that is none of the constants.
func (r Router) flavour() *flavour {
	if r < 0 || int(r) >= len(flavours) {
		return nil
	}
	return &flavours[r]
}
