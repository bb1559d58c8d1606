package i2cptest

import "time"

// Kind is the router that a [Router] simulates. The package comment lists the differences.
type Kind int

const (
	// Instant behaves like [I2PD259], without its delays and without the faults that lose messages. It is for tests
	// of programs, in real time.
	Instant Kind = iota
	Java         // Java I2P 2.8.0
	I2PD256      // i2pd 2.56.0
	I2PD259      // i2pd 2.59.0
)

// String returns the name and version of the router.
func (k Kind) String() string {
	if f := k.flavour(); f != nil {
		return f.name
	}
	return "unknown router"
}

// flavour is how a router behaves.
type flavour struct {
	name    string
	version string // in SetDate; "" is what the client said
	java    bool
	instant bool

	build    time.Duration // until the first lease set is asked for
	second   time.Duration // until the second tunnel is there, after that
	unknown  time.Duration // until a lookup says that there is nothing
	maxBody  int
	tooBig   int  // payloads of more bytes than this vanish
	crash    int  // and with this many abort the router
	forgets  bool // what follows the first message to a peer, until that has answered
	numbers  bool
	mlkem    bool
	tagset   int // messages one way without one back, after which a pair is cut off for good; 0 is never
	maxQueue int // what waits for a client that does not read, in bytes or, on Java, messages
}

// Times that all i2pd versions share.
const (
	answerTime = 10 * time.Second  // for a lease set
	leaseLife  = 600 * time.Second // of a tunnel, as clients are told
	renewal    = 16 * time.Second  // before the older lease ends
	leaseTime  = 10 * time.Minute  // how long others go on believing in a destination that is gone
	javaRest   = time.Second       // a destination of Java outlives its connection
	javaSkew   = 3 * time.Minute
	maxLost    = 800 // messages lost in a row, after which a pair is cut off
	cutOff     = time.Minute
)

var flavours = [...]flavour{
	Instant: {
		name: "Instant", version: "0.9.68", instant: true, mlkem: true,
		maxBody: 65535, tooBig: 62523, crash: 1 << 30, maxQueue: 64 << 20,
	},
	Java: {
		name: "Java I2P 2.8.0", version: "0.9.65", java: true, build: 1500 * time.Millisecond, second: 200 * time.Millisecond,
		unknown: 3 * time.Second, maxBody: 131072, tooBig: 65535, crash: 1 << 30, maxQueue: 256,
	},
	I2PD256: {
		name: "i2pd 2.56.0", build: 3 * time.Second, second: time.Millisecond, unknown: 4 * time.Millisecond,
		maxBody: 65535, tooBig: 62523, crash: 63023, forgets: true, numbers: true, tagset: 65535, maxQueue: 1 << 20,
	},
	I2PD259: {
		name: "i2pd 2.59.0", version: "0.9.68", build: 5 * time.Second, second: 2 * time.Second, unknown: 4 * time.Millisecond,
		maxBody: 65535, tooBig: 62523, crash: 65023, mlkem: true, maxQueue: 1 << 20,
	},
}

// flavour returns nil for a value that is none of the constants.
func (k Kind) flavour() *flavour {
	if k < 0 || int(k) >= len(flavours) {
		return nil
	}
	return &flavours[k]
}
