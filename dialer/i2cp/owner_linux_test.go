package i2cp_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestThief: another user of this machine who takes the router's port while it is away is told nothing at all, and
// the session is up again when the router is back.
func TestThief(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	nw := i2cptest.NewNetwork()
	defer nw.Close()
	r := nw.Start(nil)
	s := &i2cp.Session{Address: r.Addr()}
	defer s.Close()
	require.NoError(t, s.Up(t.Context()))
	r.Kill()
	thief := &samtest.Thief{Addr: r.Addr(), UID: 65534} // who answers nothing that is not SAM, and keeps all
	require.NoError(t, thief.Start())
	require.Eventually(t, func() bool { return errors.As(s.Status().Err, new(*dialer.OwnerError)) }, 30*time.Second, time.Millisecond)
	assert.Equal(t, dialer.Down, s.Status().State)
	require.NoError(t, thief.Close())
	assert.Positive(t, thief.Connections())
	assert.Empty(t, thief.Lines())
	require.NoError(t, r.Restart())
	assert.NoError(t, s.Up(t.Context()))
}
