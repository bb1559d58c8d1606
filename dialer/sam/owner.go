package sam

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/peercred"
)

// OwnerError says that the port or the socket of the router is held by another user of this machine than
// before, who may have taken it while the router was away. That user is told no key and no password.
// It matches [fs.ErrPermission] and [dialer.ErrRouter].
type OwnerError struct {
	UID    int // who has it now
	Before int // who had it before
}

// Error returns both users.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("the SAM bridge belongs to user %d now, and did to user %d before", e.UID, e.Before)
}

// Is reports whether target is [fs.ErrPermission].
func (e *OwnerError) Is(target error) bool { return target == fs.ErrPermission }

// Unwrap returns [dialer.ErrRouter].
func (e *OwnerError) Unwrap() error { return dialer.ErrRouter }

// owner is the user whose router a bridge is: the first one that is seen there. Root, and the user of this
// program, can read its memory and its keys in any case.
type owner struct {
	mu    sync.Mutex
	known bool
	uid   int
}

// Owners remembers whose routers the bridges are, for all sessions that share it: who took the port of a router while it
// was away is then told nothing either by sessions that are new. The zero value is ready to use. It must not be copied. It is
// for several goroutines at once.
type Owners struct {
	mu sync.Mutex
	of map[string]*owner // by network and address
}

// at returns the owner of a bridge.
func (o *Owners) at(b bridge) *owner {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = make(map[string]*owner)
	}
	key := b.network + " " + b.address
	if o.of[key] == nil {
		o.of[key] = new(owner)
	}
	return o.of[key]
}

// check makes sure that the other end of conn is the owner's. Only the kernel of this machine is asked, so nothing is known of
// other machines, nor on other systems than Linux.
func (o *owner) check(ctx context.Context, conn net.Conn) error {
	if o == nil {
		return nil
	}
	uid, err := peercred.UID(conn)
	for wait := time.Millisecond; errors.Is(err, peercred.ErrNotHeld) && ctx.Err() == nil; wait = min(2*wait, time.Second) {
		sleep(ctx, wait) // not accepted yet
		uid, err = peercred.UID(conn)
	}
	switch {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, peercred.ErrElsewhere):
		return nil
	case err != nil:
		return down(fmt.Errorf("whose SAM bridge is it? %w", err))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.known {
		o.known, o.uid = true, uid
	}
	if uid != o.uid && uid != 0 && uid != os.Getuid() {
		return &OwnerError{UID: uid, Before: o.uid}
	}
	return nil
}
