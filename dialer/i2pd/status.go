package i2pd

import "time"

// State is the state of a [Router].
type State int

// The states of a Router.
const (
	Idle     State = iota // not started, or its start failed; the next use starts it
	Starting              // the process is being started, or runs and does not answer on SAM yet
	Up                    // SAM answers
	Down                  // the child died, or hung and was ended; it is started again after a pause
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

// Status is a snapshot of a Router.
type Status struct {
	State    State
	Since    time.Time // when it entered State; zero when it was never used
	PID      int       // of the child; 0 when none runs
	Address  string    // of SAM, "127.0.0.1:port"; empty before the first start
	I2CP     string    // its address; empty where it is not wanted, too
	Restarts int       // children that were started after the first one
	// Peers is how many other routers i2pd knows and has written to its folder, which it does
	// about once a minute; tunnels need some dozens. How many tunnels stand is not told: i2pd says
	// so only on services that are off.
	Peers int
	Err   error // the last failure; nil when there was none
}
