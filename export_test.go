package i2psocks

import (
	"fmt"

	"github.com/go-i2p/i2psocks/keys"
)

// Arrange is arrange, for its fuzz test.
var Arrange = arrange

// Candidates returns where an endpoint with a Router looks for one.
func Candidates(e *Endpoint) string {
	candidates, err := e.candidates()
	return fmt.Sprint(candidates, err)
}

// BoundStore returns a store for the identities of tokens.
func BoundStore(store keys.Store, most int) keys.Store {
	return (&Isolation{MaxPersistent: most}).bound(store)
}
