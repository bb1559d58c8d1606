package socks_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The same on real sockets, as many as this process may have.
func TestLessonHalfOpenSocketsGoAway(t *testing.T) {
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	n := 10_000
	if room := (int(min(limit.Cur, 1<<20)) - 500) / 2; room < n { // both ends are here
		n = room
	}
	if n < 100 {
		t.Skipf("only %d descriptors", limit.Cur)
	}
	srv := &socks.Server{Dialer: &echo{}, MaxConns: -1, HandshakeTimeout: 2 * time.Second}
	address := listen(t, srv)
	crowd := make([]net.Conn, n)
	for i := range crowd {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte{5})
		require.NoError(t, err)
		crowd[i] = conn
	}
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	honest := sockstest.NewClient(t, conn)
	honest.Send(greetNone + toHost)
	honest.Expect(choseNone + succeeded)
	for _, half := range crowd {
		half.SetReadDeadline(time.Now().Add(time.Minute))
		got, err := io.ReadAll(half)
		require.NoError(t, err)
		require.Empty(t, got)
	}
	relayed(t, honest)
	require.Eventually(t, func() bool { return srv.Status().Clients == 1 }, time.Minute, time.Millisecond)
	honest.CloseWrite()
	honest.ExpectEnd()
}
