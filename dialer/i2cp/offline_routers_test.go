package i2cp_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/keys"
)

// TestOfflineSignedOnRouters has streams, both ways, with a program on a real router whose destination is signed offline, as
// i2pd takes such over SAM; over I2CP it takes none, and a session says so.
func TestOfflineSignedOnRouters(t *testing.T) {
	t.Parallel()
	nw := routers.Require(t)
	owner, err := keys.Generate()
	require.NoError(t, err)
	transient, err := keys.NewTransient(owner, time.Now().Add(time.Hour))
	require.NoError(t, err)

	refused := over(t, nw, 0, func(s *i2cp.Session) { s.Signer = transient })
	require.ErrorIs(t, refused.Up(t.Context()), errors.ErrUnsupported)
	require.NoError(t, refused.Close())

	ours := over(t, nw, 0)
	ln := listen(t, ours)[0]
	create := "SESSION CREATE STYLE=STREAM ID=offline DESTINATION=" + transient.Reveal() + " " + i2pnet.SessionOptions
	samCommand(t, nw, create)
	accepting := samCommand(t, nw, "STREAM ACCEPT ID=offline SILENT=true")
	theirs := dialer.AddrOf(owner.Destination(), 0)
	client, err := dialUntil(t.Context(), ours, theirs)
	require.NoError(t, err)
	defer client.Close()
	echo(t, client, accepting)

	calling := samCommand(t, nw, "STREAM CONNECT ID=offline SILENT=true DESTINATION="+ours.Addr().Destination.Base64())
	server, err := ln.Accept()
	require.NoError(t, err)
	defer server.Close()
	assert.Equal(t, owner.Destination(), server.RemoteAddr().(dialer.Addr).Destination, "the owner's, who has signed the other key")
	echo(t, calling, server)
}

// samCommand gives a router's SAM a command, and returns the connection when it has answered, or for a silent one at once.
func samCommand(t *testing.T, nw *i2pnet.Network, line string) net.Conn {
	conn, err := nw.DialContext(t.Context(), "tcp", nw.SAM(1))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(3 * time.Minute))
	answers := bufio.NewReader(conn)
	for _, l := range []string{"HELLO VERSION MIN=3.0 MAX=3.3", line} {
		_, err = io.WriteString(conn, l+"\n")
		require.NoError(t, err)
		if strings.Contains(l, "SILENT=true") {
			break
		}
		answer, err := answers.ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, answer, "RESULT=OK", l[:10])
	}
	return conn
}

// echo carries a word each way.
func echo(t *testing.T, ends ...net.Conn) {
	for i, from := range ends {
		to := ends[1-i]
		_, err := io.WriteString(from, "hello")
		require.NoError(t, err)
		to.SetReadDeadline(time.Now().Add(time.Minute))
		got := make([]byte, 5)
		_, err = io.ReadFull(to, got)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(got))
	}
}
