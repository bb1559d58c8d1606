package dialer

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// The reasons for which a dial or a listen fails. Test for them with
// [errors.Is]. The comment of each names the value of the standard library that
// it matches as well.
var (
	// ErrNotI2P: the address is not inside I2P. Matches [errors.ErrUnsupported].
	ErrNotI2P error = &reason{"not an I2P address", errors.ErrUnsupported}
	// ErrNameNotFound: no address book knows the host name. Matches [syscall.EHOSTUNREACH].
	ErrNameNotFound error = &reason{"host name not found", syscall.EHOSTUNREACH}
	// ErrBadDestination: the destination is malformed. Matches [syscall.EHOSTUNREACH].
	ErrBadDestination error = &reason{"malformed destination", syscall.EHOSTUNREACH}
	// ErrLeaseSetNotFound: the router did not find the lease set of the destination, which
	// may be offline or new. Matches [syscall.EHOSTUNREACH].
	ErrLeaseSetNotFound error = &reason{"lease set not found", syscall.EHOSTUNREACH}
	// ErrPeerUnreachable: the destination is known but cannot be reached. Matches [syscall.EHOSTUNREACH].
	ErrPeerUnreachable error = &reason{"peer unreachable", syscall.EHOSTUNREACH}
	// ErrRefused: the peer does not accept streams. Matches [syscall.ECONNREFUSED].
	ErrRefused error = &reason{"connection refused by the peer", syscall.ECONNREFUSED}
	// ErrTimeout: the peer or the router did not answer in time. Its Timeout method
	// returns true, and it matches [os.ErrDeadlineExceeded].
	ErrTimeout error = &reason{"timed out", os.ErrDeadlineExceeded}
	// ErrRouterDown: the router cannot be reached, or went away.
	ErrRouterDown error = &reason{"router down", nil}
	// ErrRouter: the router reported an error, or gave an invalid answer.
	ErrRouter error = &reason{"router error", nil}
	// ErrIdentityInUse: the router already has a session of this identity, or this process has one, on any router,
	// over SAM or I2CP. A session of this process that is being closed, or was closed only seconds ago, does not cause it:
	// the next one waits, within the caller's context, until the router has forgotten the identity. Matches [syscall.EADDRINUSE].
	ErrIdentityInUse error = &reason{"identity in use", syscall.EADDRINUSE}
	// ErrSessionClosed: the session was closed by its owner. Matches [net.ErrClosed].
	ErrSessionClosed error = &reason{"session closed", net.ErrClosed}
	// ErrLimit: a limit that the program has set is reached. Matches [syscall.EDQUOT].
	ErrLimit error = &reason{"limit reached", syscall.EDQUOT}
)

// reason is a sentinel that also matches one value of the standard library.
type reason struct {
	text string
	same error
}

func (r *reason) Error() string        { return r.text }
func (r *reason) Is(target error) bool { return r.same != nil && target == r.same }
func (r *reason) Timeout() bool        { return r.same == os.ErrDeadlineExceeded }
func (r *reason) Temporary() bool      { return r.Timeout() }

// OpError returns err as a *net.OpError of an operation such as "dial" or "listen" on an I2P address; nil for a nil
// err. addr may be nil.
func OpError(op string, addr net.Addr, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: "i2p", Addr: addr, Err: err}
}
