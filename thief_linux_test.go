package i2psocks_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestThief: another user of this machine who takes the router's port while it is away is told the key of no token either, though
// the identity's session is the first of it.
func TestThief(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	for name, own := range map[string]i2psocks.Router{"no Router": nil, "Router": &i2pd.Router{Path: "/nonexistent"}} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, nw *network) {
				r := nw.start()
				ep := on(t, r)
				ep.Dir, ep.Isolation.Persistent, ep.Router = t.TempDir(), true, own
				require.NoError(t, ep.Up(t.Context()))
				r.Kill()
				thief := &samtest.Thief{Addr: r.Addr(), UID: 65534}
				require.NoError(t, thief.Start())
				defer thief.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // the thief says nothing more
				defer cancel()
				err := ep.Isolate("token").Up(ctx)
				var owner *dialer.OwnerError
				assert.ErrorAs(t, err, &owner)
				assert.NoError(t, ep.Close())
				assert.False(t, thief.Got("SESSION CREATE"))
				if nw.scheme == "i2cp" {
					assert.Empty(t, thief.Lines())
				}
			})
		})
	}
}
