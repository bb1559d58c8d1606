package keeper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

// claims are the identities, by the hash of their destination, that sessions of this process have, are about to have or
// had until a moment ago, whatever is spoken with their routers. A router does not see that a session over SAM and one over
// I2CP are the same identity, and no router sees another's sessions. The table is the process's, as identities are nobody's else.
var claims = struct {
	sync.Mutex
	of map[[32]byte]*tenure
}{of: make(map[[32]byte]*tenure)}

// tenure is who has an identity, or until when it rests.
type tenure struct {
	holder *Claim        // nil while it rests
	freed  chan struct{} // closed when the holder gives it up
	rested time.Time     // the router of the last session has let go of it by then
}

// Claim is the right of one owner to have sessions of one identity. The zero value has none. Its methods may be called by
// several goroutines at once, but for Take.
type Claim struct {
	identity [32]byte  // guarded by the lock of claims, as is all else
	rested   time.Time // no router has the identity any more from then on, but for that of the owner's session
	closing  bool
}

var errClaimed = fmt.Errorf("%w by another session of this process", dialer.ErrIdentityInUse)

// errRests is why a session is not up that waits for the end of another one.
var errRests = errors.New("a session of the same identity ended a moment ago, and its router may still have it")

// Take makes an identity the owner's until Release, and returns when no router has it any more. It fails if another owner has
// it, but waits for one that is closing, and until the identity has rested; waits is called before that. It fails with
// [dialer.ErrSessionClosed] when ctx ends. The zero identity is nobody's; it rests.
func (c *Claim) Take(ctx context.Context, identity [32]byte, waits func()) error {
	for {
		freed, left, err := c.take(identity)
		if err != nil || freed == nil && left <= 0 {
			return err
		}
		waits()
		var rested <-chan time.Time
		if freed == nil {
			t := time.NewTimer(left)
			defer t.Stop()
			rested = t.C
		}
		select {
		case <-freed:
		case <-rested:
		case <-ctx.Done():
			return dialer.ErrSessionClosed
		}
	}
}

// take is Take without a wait: it returns for what to wait, if for anything.
func (c *Claim) take(identity [32]byte) (freed <-chan struct{}, left time.Duration, err error) {
	claims.Lock()
	defer claims.Unlock()
	c.identity = identity
	t := claims.of[identity]
	switch {
	case identity == [32]byte{}:
		return nil, time.Until(c.rested), nil
	case t == nil:
		t = new(tenure)
		claims.of[identity] = t
	case t.holder == c:
		return nil, time.Until(c.rested), nil
	case t.holder != nil && t.holder.closing:
		return t.freed, 0, nil
	case t.holder != nil:
		return nil, 0, errClaimed
	case t.rested.After(c.rested):
		c.rested = t.rested
	}
	t.holder, t.freed = c, make(chan struct{})
	return nil, time.Until(c.rested), nil
}

// Closing tells that the owner will release the identity soon, so that others wait for it.
func (c *Claim) Closing() {
	claims.Lock()
	defer claims.Unlock()
	c.closing = true
}

// Rest lets the identity rest for d from now on, at least, as a router may have it for so long.
func (c *Claim) Rest(d time.Duration) {
	claims.Lock()
	defer claims.Unlock()
	if end := time.Now().Add(d); d > 0 && end.After(c.rested) {
		c.rested = end
	}
}

// Release gives up what Take may have got. Until it has rested, whoever gets it next has to wait.
func (c *Claim) Release() {
	claims.Lock()
	defer claims.Unlock()
	id := c.identity
	t := claims.of[id]
	if t == nil || t.holder != c {
		return
	}
	t.holder, t.rested = nil, c.rested
	close(t.freed)
	left := time.Until(t.rested)
	if left <= 0 {
		delete(claims.of, id)
		return
	}
	time.AfterFunc(left, func() {
		claims.Lock()
		defer claims.Unlock()
		if claims.of[id] == t && t.holder == nil && !t.rested.After(time.Now()) {
			delete(claims.of, id)
		}
	})
}
