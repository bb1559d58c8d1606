package keeper

import (
	"fmt"
	"sync"

	"github.com/go-i2p/i2psocks/dialer"
)

// claims are the identities, by the hash of their destination, that sessions of this process have or are about to have,
// whatever is spoken with their routers. A router does not see that a session over SAM and one over I2CP are the same
// identity, and no router sees another's sessions. The table is the process's, as identities are nobody's else.
var claims = struct {
	sync.Mutex
	of map[[32]byte]holder
}{of: make(map[[32]byte]holder)}

// holder is a Keeper that has an identity.
type holder interface{ stopped() bool }

var (
	errClaimed = fmt.Errorf("%w by another session of this process", dialer.ErrIdentityInUse)
	errClosing = fmt.Errorf("%w, as it is being closed", errClaimed)
)

// claim makes the identity the Keeper's own until release, or fails if another has it.
func (k *Keeper[L]) claim() error {
	if k.Identity == ([32]byte{}) {
		return nil
	}
	claims.Lock()
	defer claims.Unlock()
	if h := claims.of[k.Identity]; h != nil && h != holder(k) {
		if h.stopped() {
			return errClosing
		}
		return errClaimed
	}
	claims.of[k.Identity] = k
	return nil
}

func (k *Keeper[L]) stopped() bool { return k.closing.Load() }

// release gives up what claim may have got.
func (k *Keeper[L]) release() {
	claims.Lock()
	defer claims.Unlock()
	if claims.of[k.Identity] == holder(k) {
		delete(claims.of, k.Identity)
	}
}
