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

// OwnerError says that the port or the socket of the router is held by another user of this machine than
// before, who may have taken it while the router was away. That user is told no key and no password.
// It matches [fs.ErrPermission] and [ErrRouter].
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

// Owners remembers whose routers are where, for all sessions that share it: the first user that is seen at an address. Who
// took the port of a router while it was away is then told nothing, by sessions that are new neither. Root, and the user of
// this program, can read its memory and its keys in any case. The zero value is ready to use, and nil checks nothing. It must
// not be copied, and may be used by several goroutines at once.
type Owners struct {
	mu sync.Mutex
	of map[string]int // the user, by network and address
}

// Check makes sure that the other end of conn, which was opened to a router's address, is the owner's: else it returns an
// [*OwnerError], or an error of ctx if nobody has taken the connection by then. Only the kernel of this machine is asked, so
// nothing is known, and nil returned, of other machines, of connections that are neither TCP on loopback nor unix sockets, and
// on other systems than Linux.
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
