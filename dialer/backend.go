package dialer

import (
	"context"
	"net"
	"time"

	"golang.org/x/net/proxy"
)

// Backend is one I2P identity, which dials and listens. All methods may be called by several goroutines at once. The
// first use starts it; a start that failed is tried again at the next use.
type Backend interface {
	proxy.Dialer
	proxy.ContextDialer

	// Up waits until the identity can be used, or returns why it cannot be.
	Up(ctx context.Context) error
	// Listen accepts streams to the identity. address is ":port"; the host may also be the identity's own base32
	// name.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	// Addr returns the address of the identity. It needs no router.
	Addr() Addr
	// Status returns the current state of the backend.
	Status() Status
	// Close closes the streams, the listeners and the session, in this order, and delivers what was written. It may
	// be called twice.
	Close() error
}

// Aborter is a Backend that can be closed at once, for example because another host now uses its identity.
type Aborter interface {
	// Abort is Close without waiting: data that was written and not yet sent may be lost. It may be called during
	// Close, which then returns soon.
	Abort() error
}

// State is the state of a backend.
type State int

// The states of a backend.
const (
	Idle     State = iota // not started, or its start failed; the next use starts it
	Starting              // building its tunnels for the first time
	Up                    // ready
	Down                  // lost its router; it is being started again
	Closed                // closed by its owner
)

// String returns the name of the state in lower case.
func (s State) String() string {
	names := [...]string{"idle", "starting", "up", "down", "closed"}
	if s < 0 || int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// Status is a snapshot of a backend.
type Status struct {
	State    State
	Since    time.Time // when it entered State; zero when it was never used
	Err      error     // the last failure of its session; nil when there was none
	Attempts int       // starts of the session tried since it was last up
	Streams  int       // open streams, those that are being closed included
	Router   string    // what answers, such as "i2pd, SAM 3.1"; empty before it is known

	// Received and Sent are bytes of all streams so far, those that have ended included: what was
	// read from them, and what was written to them, whoever moved it. Datagrams are not in it.
	Received, Sent int64
}
