package keeper

import (
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
	of map[[32]byte]*claim
}{of: make(map[[32]byte]*claim)}

// claim is who has an identity, or until when it rests.
type claim struct {
	holder holder        // nil while it rests
	freed  chan struct{} // closed when the holder gives it up
	rested time.Time     // the router of the last session has let go of it by then
}

// holder is a Keeper that has an identity.
type holder interface{ Closed() bool }

var errClaimed = fmt.Errorf("%w by another session of this process", dialer.ErrIdentityInUse)

// errRests is why a session is not up that waits for the end of another one.
var errRests = errors.New("a session of the same identity ended a moment ago, and its router may still have it")

// claim makes the identity the Keeper's own until release, or fails if another has it. One that is being closed is waited
// for. The identity may have to rest all the same.
func (k *Keeper[L]) claim() error {
	if k.Identity == ([32]byte{}) {
		return nil
	}
	for {
		freed, err := k.tryClaim()
		if freed == nil {
			return err
		}
		k.resting(true)
		select {
		case <-freed:
		case <-k.base.Done():
			return dialer.ErrSessionClosed
		}
	}
}

// tryClaim is claim without a wait: it returns what to wait for.
func (k *Keeper[L]) tryClaim() (freed <-chan struct{}, err error) {
	claims.Lock()
	defer claims.Unlock()
	c := claims.of[k.Identity]
	switch {
	case c == nil:
		c = new(claim)
		claims.of[k.Identity] = c
	case c.holder == holder(k):
		return nil, nil
	case c.holder != nil && c.holder.Closed():
		return c.freed, nil
	case c.holder != nil:
		return nil, errClaimed
	case c.rested.After(k.rested):
		k.rested = c.rested
	}
	c.holder, c.freed = k, make(chan struct{})
	return nil, nil
}

// release gives up what claim may have got. Until it has rested, whoever gets it next has to wait.
func (k *Keeper[L]) release() {
	claims.Lock()
	defer claims.Unlock()
	c := claims.of[k.Identity]
	if c == nil || c.holder != holder(k) {
		return
	}
	c.holder, c.rested = nil, k.rested
	close(c.freed)
	left := time.Until(c.rested)
	if left <= 0 {
		delete(claims.of, k.Identity)
		return
	}
	id := k.Identity
	time.AfterFunc(left, func() {
		claims.Lock()
		defer claims.Unlock()
		if claims.of[id] == c && c.holder == nil && !c.rested.After(time.Now()) {
			delete(claims.of, id)
		}
	})
}
