package dialer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/internal/peercred"
)

// OwnerError reports that the port or socket of the router belongs to a different local user than before, who may
// have taken it over while the router was stopped. No key or password is sent to it. It matches fs.ErrPermission and
// [ErrRouter].
type OwnerError struct {
	UID    int // who has it now
	Before int // who had it before
}

// Error returns both users.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("the port of the router belongs to user %d now, and did to user %d before", e.UID, e.Before)
}

// Is reports whether target is [fs.ErrPermission].
func (e *OwnerError) Is(target error) bool { return target == fs.ErrPermission }

// Unwrap returns [ErrRouter].
func (e *OwnerError) Unwrap() error { return ErrRouter }

// Owners remembers, for all sessions that share it, which user owns the router at each address: the first one seen
// there. Another user who takes over the port of a stopped router is then sent nothing, by new sessions either. Root
// and the user of this program are always accepted, since they can read its memory and keys anyway. The zero value is
// ready to use, and nil checks nothing. It must not be copied, and may be used by several goroutines at once.
type Owners struct {
	mu sync.Mutex
	of map[string]int // the user, by network and address
}

// Check verifies the owner of the other end of conn, which was opened to a router's address. It returns an
// *OwnerError for a different owner, or an error of ctx if the connection was not accepted by then. Only the kernel
// of this machine is asked: Check returns nil for other machines, for connections that are neither TCP on loopback
// nor unix sockets, and on systems other than Linux.
func (o *Owners) Check(ctx context.Context, conn net.Conn, network, address string) error {
	if o == nil {
		return nil
	}
	uid, err := heldBy(ctx, conn)
	switch {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, peercred.ErrElsewhere):
		return nil
	case err != nil:
		return fmt.Errorf("%w: whose router is it? %w", ErrRouterDown, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = make(map[string]int)
	}
	key := network + " " + address
	before, known := o.of[key]
	if !known {
		before = uid
		o.of[key] = uid
	}
	if uid != before && uid != 0 && uid != os.Getuid() {
		return &OwnerError{UID: uid, Before: before}
	}
	return nil
}

// heldBy asks until somebody has accepted the connection.
func heldBy(ctx context.Context, conn net.Conn) (uid int, err error) {
	for wait := time.Millisecond; ; wait = min(2*wait, time.Second) {
		if uid, err = peercred.UID(conn); !errors.Is(err, peercred.ErrNotHeld) {
			return uid, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, errors.Join(err, context.Cause(ctx))
		}
	}
}
