package i2pnet

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// samConn is a raw SAM socket.
type samConn struct {
	net.Conn
	r *bufio.Reader
}

// openSAM connects to a router and says hello. The socket ends with the test.
func openSAM(t testing.TB, n *Network, router int) *samConn {
	conn, err := n.DialContext(t.Context(), "tcp", n.SAM(router))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	c := &samConn{conn, bufio.NewReader(conn)}
	_, err = c.ask("HELLO VERSION MIN=3.1 MAX=3.3")
	require.NoError(t, err)
	return c
}

// ask sends a command and returns the reply, which must say RESULT=OK.
func (c *samConn) ask(format string, args ...any) (string, error) {
	if _, err := fmt.Fprintf(c, format+"\n", args...); err != nil {
		return "", err
	}
	line, err := c.r.ReadString('\n')
	if err == nil && !strings.Contains(line, " RESULT=OK") {
		err = fmt.Errorf("SAM: %.100s", line)
	}
	return line, err
}

// session is a SAM session with a destination of its own.
type session struct {
	n        *Network
	control  *samConn
	router   int
	id, dest string
}

// newSessions makes one session on each of these routers, all at the same time.
func newSessions(t testing.TB, n *Network, routers ...int) []*session {
	sessions := make([]*session, len(routers))
	failed := make(chan error)
	for i, router := range routers {
		sessions[i] = &session{n: n, control: openSAM(t, n, router), router: router, id: rand.Text()}
		go func() { failed <- sessions[i].create() }()
	}
	for range routers {
		assert.NoError(t, <-failed)
	}
	if t.Failed() {
		t.FailNow()
	}
	return sessions
}

func (s *session) create() error {
	if _, err := s.control.ask("SESSION CREATE STYLE=STREAM ID=%s DESTINATION=TRANSIENT %s", s.id, SessionOptions); err != nil {
		return err
	}
	reply, err := s.control.ask("NAMING LOOKUP NAME=ME")
	_, s.dest, _ = strings.Cut(strings.TrimSpace(reply), " VALUE=")
	return err
}

// requireEcho has one session accept, the other connect, and sends a message there and back.
func requireEcho(t testing.TB, from, to *session) {
	accept := openSAM(t, to.n, to.router)
	_, err := accept.ask("STREAM ACCEPT ID=%s", to.id)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() {
		_, err := accept.r.ReadString('\n') // the peer's destination
		if err == nil {
			_, err = io.Copy(accept, accept.r)
		}
		served <- err
	}()
	stream := from.connect(t, to.dest)
	sent := strings.Repeat("garlic ", 2000)
	_, err = io.WriteString(stream, sent)
	require.NoError(t, err)
	got := make([]byte, len(sent))
	_, err = io.ReadFull(stream.r, got)
	require.NoError(t, err)
	assert.Equal(t, sent, string(got))
	require.NoError(t, stream.Close())
	require.NoError(t, <-served)
}

// connect connects to a destination, for half a minute: a lease set that a router publishes after a crash is found late.
func (s *session) connect(t testing.TB, dest string) *samConn {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Second) {
		stream := openSAM(t, s.n, s.router)
		if _, err = stream.ask("STREAM CONNECT ID=%s DESTINATION=%s", s.id, dest); err == nil {
			return stream
		}
		stream.Close()
	}
	require.NoError(t, err)
	return nil
}

// dialOutside dials from where the test is, outside the namespace.
func dialOutside(ctx context.Context, address string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err == nil {
		conn.Close()
	}
	return err
}
