package i2pd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Why a router cannot be started. Test for them with [errors.Is].
var (
	// ErrNotFound: there is no i2pd where it was looked for, or it cannot be run. The cause is
	// wrapped as well.
	ErrNotFound = errors.New("i2pd: no i2pd that can be run")
	// ErrDir: the data folder cannot be used: unreadable, not a folder, open to others, or
	// another user's. The cause is wrapped as well.
	ErrDir = errors.New("i2pd: data folder cannot be used")
	// ErrInUse: another Router, or a child that outlived its host, uses the data folder.
	ErrInUse = errors.New("i2pd: data folder is in use")
	// ErrArgument: an element of Args is not allowed.
	ErrArgument = errors.New("i2pd: argument not allowed")
	// ErrPortTaken: something else uses the port for SAM, or that for I2CP. Matches [syscall.EADDRINUSE].
	ErrPortTaken error = &reason{"i2pd: port is taken", syscall.EADDRINUSE}
	// ErrNoSAM: i2pd runs, but its SAM bridge did not answer in time, at the start or later. Matches [os.ErrDeadlineExceeded].
	ErrNoSAM error = &reason{"i2pd: SAM does not answer", os.ErrDeadlineExceeded}
	// ErrNoI2CP: i2pd runs without I2CP, as it was not asked for before the start.
	ErrNoI2CP = errors.New("i2pd: started without I2CP")
	// ErrFewPeers: i2pd runs, but knows too few other routers to build tunnels, as without an Internet connection: see [Router.Problem].
	ErrFewPeers = errors.New("i2pd: too few other routers are known")
	// ErrClosed: Close was called. Matches [net.ErrClosed].
	ErrClosed error = &reason{"i2pd: router closed", net.ErrClosed}
)

// reason is a sentinel that also matches one value of the standard library.
type reason struct {
	text string
	same error
}

func (r *reason) Error() string        { return r.text }
func (r *reason) Is(target error) bool { return target == r.same }

// ExitError reports that i2pd ended by itself.
type ExitError struct {
	// Err is how it ended: an [*exec.ExitError], or nil for a plain exit.
	//
	// [*exec.ExitError]: https://pkg.go.dev/os/exec#ExitError
	Err error
	// Output is the last line that it printed, without names and destinations; empty if there was none.
	Output string
}

func (e *ExitError) Error() string {
	text := "i2pd: ended by itself"
	if e.Err != nil {
		text = fmt.Sprintf("i2pd: ended: %v", e.Err)
	}
	if e.Output != "" {
		text += ": " + e.Output
	}
	return text
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }
