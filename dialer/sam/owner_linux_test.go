package sam

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

const nobody = 65534

// TestThief: another user of this machine who takes the router's port while it is away is told no key and no
// password, and the session is up again when the router is back.
func TestThief(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	for name, password := range map[string]string{"key": "", "password": "opensesame"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nw := samtest.NewNetwork()
			defer nw.Close()
			user := ""
			if password != "" {
				user = "alice"
			}
			a := nw.Start(&samtest.Bridge{Router: samtest.Java, BuildTime: -1, User: user, Password: password})
			s := &Session{Address: a.Addr(), User: user}
			if password != "" {
				s.Password = func() string { return password }
			}
			defer s.Close()
			hasten(s)
			require.NoError(t, s.Up(t.Context()))
			a.Kill()
			thief := &samtest.Thief{Addr: a.Addr(), UID: nobody}
			require.NoError(t, thief.Start())
			require.Eventually(t, func() bool { return thief.Connections() > 0 }, time.Minute, time.Millisecond)
			st := s.Status()
			assert.Equal(t, dialer.Down, st.State)
			assert.Eventually(t, func() bool { return errors.As(s.Status().Err, new(*dialer.OwnerError)) }, time.Minute, time.Millisecond)
			assert.ErrorIs(t, s.Status().Err, fs.ErrPermission)
			require.NoError(t, thief.Close())
			assert.False(t, thief.Got("SESSION CREATE"))
			assert.False(t, thief.Got("opensesame"))
			require.NoError(t, a.Restart())
			assert.NoError(t, s.Up(t.Context()))
		})
	}
}

// TestFirstOwner: whoever has the bridge at first may be any user.
func TestFirstOwner(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	nw := samtest.NewNetwork()
	defer nw.Close()
	a := nw.Start(&samtest.Bridge{BuildTime: -1, UID: nobody})
	s := &Session{Address: a.Addr()}
	defer s.Close()
	hasten(s)
	require.NoError(t, s.Up(t.Context()))
	a.Kill()
	require.NoError(t, a.Restart())
	require.Eventually(t, func() bool { return a.Count("SESSION CREATE") > 1 }, time.Minute, time.Millisecond)
	assert.NoError(t, s.Up(t.Context()))
}
