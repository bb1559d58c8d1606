package samtest

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sock is a raw SAM client: what it sends is what the test says.
type sock struct {
	t  testing.TB
	nc net.Conn
	r  *bufio.Reader
}

// dial connects in memory without a handshake.
func dial(t testing.TB, b *Bridge) *sock {
	t.Helper()
	nc, err := b.Dial(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close() })
	return &sock{t, nc, bufio.NewReader(nc)}
}

// open connects and shakes hands.
func open(t testing.TB, b *Bridge) *sock {
	t.Helper()
	s := dial(t, b)
	require.Contains(t, s.ask("HELLO VERSION MIN=3.1 MAX=3.3"), "HELLO REPLY RESULT=OK")
	return s
}

func (s *sock) send(text string) {
	s.t.Helper()
	_, err := io.WriteString(s.nc, text)
	require.NoError(s.t, err)
}

// line returns the next line, or what came before the end in angle brackets.
func (s *sock) line() string {
	line, err := s.r.ReadString('\n')
	if err != nil {
		return line + "<" + errText(err) + ">"
	}
	return strings.TrimSuffix(line, "\n")
}

func errText(err error) string {
	if err == io.EOF {
		return "EOF"
	}
	return err.Error()
}

func (s *sock) ask(line string) string {
	s.t.Helper()
	s.send(line + "\n")
	return s.line()
}

// rest reads to the end.
func (s *sock) rest() string {
	b, err := io.ReadAll(s.r)
	if err != nil {
		return string(b) + "<" + errText(err) + ">"
	}
	return string(b)
}

// silent reports that nothing comes for d, not even an end.
func (s *sock) silent(d time.Duration) bool {
	s.nc.SetReadDeadline(time.Now().Add(d))
	defer s.nc.SetReadDeadline(time.Time{})
	_, err := s.r.ReadByte()
	nerr, ok := err.(net.Error)
	return ok && nerr.Timeout()
}

func (s *sock) closeWrite() { s.nc.(interface{ CloseWrite() error }).CloseWrite() }

func contextWithTimeout(t testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

func newID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// user is a session with its control connection.
type user struct {
	*sock
	b    *Bridge
	id   string
	dest keys.Destination
	key  string
}

const goodOptions = " i2cp.leaseSetEncType=4 inbound.length=1 outbound.length=1 inbound.quantity=2 outbound.quantity=2"

// create makes a session; an empty key makes a new destination.
func create(t testing.TB, b *Bridge, key string) *user {
	t.Helper()
	u := &user{sock: open(t, b), b: b, id: newID()}
	line := "SESSION CREATE STYLE=STREAM ID=" + u.id + " DESTINATION="
	if key == "" {
		line += "TRANSIENT SIGNATURE_TYPE=7"
	} else {
		line += key
	}
	reply := u.ask(line + goodOptions)
	var ok bool
	u.key, ok = strings.CutPrefix(reply, "SESSION STATUS RESULT=OK DESTINATION=")
	require.True(t, ok, "%.80s", reply)
	id, err := keys.ParseIdentity(u.key)
	require.NoError(t, err)
	u.dest = id.Destination()
	return u
}

// accept sends STREAM ACCEPT and returns the waiting socket.
func (u *user) accept() *sock {
	u.t.Helper()
	s := open(u.t, u.b)
	require.Equal(u.t, "STREAM STATUS RESULT=OK", s.ask("STREAM ACCEPT ID="+u.id))
	return s
}

// waits waits until n ACCEPTs of the session are in place.
func (u *user) waits(n int) {
	u.t.Helper()
	require.NoError(u.t, u.b.WaitFor(context.Background(), func() bool {
		for _, s := range u.b.Sessions() {
			if s.ID == u.id {
				return s.Accepts == n
			}
		}
		return false
	}))
}

// connect sends STREAM CONNECT and returns the socket and the reply.
func (u *user) connect(to string) (*sock, string) {
	u.t.Helper()
	s := open(u.t, u.b)
	return s, s.ask("STREAM CONNECT ID=" + u.id + " DESTINATION=" + to)
}

// pair connects a to b, which accepts.
func pair(a, b *user) (dialer, accepter *sock) {
	a.t.Helper()
	accepter = b.accept()
	b.waits(1)
	dialer, reply := a.connect(b.dest.Base32())
	require.Equal(a.t, "STREAM STATUS RESULT=OK", reply)
	require.True(a.t, strings.HasPrefix(accepter.line(), a.dest.Base64()))
	return dialer, accepter
}

func TestTwoBridges(t *testing.T) {
	nw := NewStrict(t)
	one, two := nw.Start(nil), nw.Start(nil)
	a, b := create(t, one, ""), create(t, two, "")
	nw.SetHost("example.i2p", b.dest)
	for _, to := range []string{b.dest.Base32(), b.dest.Base64(), "example.i2p"} {
		acc := b.accept()
		b.waits(1)
		d, reply := a.connect(to)
		require.Equal(t, "STREAM STATUS RESULT=OK", reply)
		assert.Equal(t, a.dest.Base64()+" FROM_PORT=0 TO_PORT=0", acc.line())
		d.send("question\n")
		assert.Equal(t, "question", acc.line())
		acc.send("answer\n")
		assert.Equal(t, "answer", d.line())
		go func() {
			io.WriteString(acc.nc, strings.Repeat("tail", 100_000))
			acc.nc.Close()
		}()
		assert.Len(t, d.rest(), 400_000)
	}
	assert.Empty(t, nw.Violations())
}

func TestLoopbackTCP(t *testing.T) {
	nw := NewStrict(t)
	b := nw.Start(nil)
	nc, err := net.Dial("tcp", b.Addr())
	require.NoError(t, err)
	defer nc.Close()
	s := &sock{t, nc, bufio.NewReader(nc)}
	assert.Equal(t, "HELLO REPLY RESULT=OK VERSION=3.3", s.ask("HELLO VERSION MIN=3.1 MAX=3.3"))
	assert.Contains(t, s.ask("SESSION CREATE STYLE=STREAM ID="+newID()+" DESTINATION=TRANSIENT SIGNATURE_TYPE=7"), "RESULT=OK DESTINATION=")
	assert.Contains(t, s.ask("NAMING LOOKUP NAME=ME"), "NAMING REPLY RESULT=OK NAME=ME VALUE=")
	assert.Equal(t, "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=nobody.i2p", s.ask("NAMING LOOKUP NAME=nobody.i2p"))
}
