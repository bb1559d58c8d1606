package samtest

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/peercred"
)

// TestUsers: the kernel takes bridges and thieves for those whom they are to be.
func TestUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	nw := NewStrict(t)
	b := nw.Start(&Bridge{UID: 1000})
	addr := b.Addr()
	whose := func() int {
		nc, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		defer nc.Close()
		_, err = exchange(nc, "HELLO VERSION MIN=3.1 MAX=3.3")
		require.NoError(t, err)
		uid, err := peercred.UID(nc)
		require.NoError(t, err)
		return uid
	}
	assert.Equal(t, 1000, whose())
	b.Kill()
	thief := &Thief{Addr: addr, UID: 65534}
	require.NoError(t, thief.Start())
	defer thief.Close()
	assert.Equal(t, 65534, whose())
	require.NoError(t, thief.Close())
	require.NoError(t, b.Restart())
	assert.Equal(t, 1000, whose())
	assert.Equal(t, 0, os.Geteuid(), "nobody else has changed")
}
