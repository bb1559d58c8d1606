package samtest

import (
	"bufio"
	"context"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestThief: it passes for a router until one looks who it is.
func TestThief(t *testing.T) {
	nw := NewStrict(t)
	b := nw.Start(nil)
	addr := b.Addr()
	b.Kill()
	thief := &Thief{Addr: addr}
	require.NoError(t, thief.Start())
	defer thief.Close()
	assert.ErrorIs(t, b.Restart(), syscall.EADDRINUSE)
	nc, err := new(net.Dialer).DialContext(context.Background(), "tcp", addr)
	require.NoError(t, err)
	defer nc.Close()
	s := &sock{t, nc, bufio.NewReader(nc)}
	assert.Equal(t, "HELLO REPLY RESULT=OK VERSION=3.1", s.ask("HELLO VERSION MIN=3.1 MAX=3.3"))
	key := strings.Repeat("Secret", 100)
	s.send("SESSION CREATE STYLE=STREAM DESTINATION=" + key)
	s.nc.(*net.TCPConn).CloseWrite()
	assert.Empty(t, s.rest())
	assert.True(t, thief.Got(key))
	assert.False(t, thief.Got("Other"))
	assert.Equal(t, 1, thief.Connections())
	lines := thief.Lines()
	require.Len(t, lines, 2)
	assert.Equal(t, "HELLO VERSION MIN=3.1 MAX=3.3", lines[0])
	assert.NotContains(t, lines[1], key)
	require.NoError(t, thief.Close())
	require.NoError(t, thief.Close())
	require.NoError(t, b.Restart())
	assert.Error(t, (&Thief{Addr: addr}).Start())
}
