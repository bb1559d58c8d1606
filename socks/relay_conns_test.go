package socks

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/memnet"
)

// pairs makes connections of every kind that a relay meets: the relay gets
// near, the test plays the program at far.
var pairs = map[string]func(testing.TB) (near, far net.Conn){
	"tcp":      tcpPair,
	"unix":     func(t testing.TB) (net.Conn, net.Conn) { return unixPair(t, "unix") },
	"mem":      func(testing.TB) (net.Conn, net.Conn) { return memnet.Pipe() },
	"stream":   streamPair,
	"embedded": embeddedPair,
}

func tcpPair(t testing.TB) (net.Conn, net.Conn) { return socketPair(t, "tcp", "127.0.0.1:0") }

func unixPair(t testing.TB, network string) (net.Conn, net.Conn) {
	return socketPair(t, network, filepath.Join(t.TempDir(), "s"))
}

func socketPair(t testing.TB, network, address string) (near, far net.Conn) {
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	defer l.Close()
	far, err = net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	near, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// stream is what a stream over a router looks like: no half-close, and the
// connection to the router inside, which may be used directly.
type stream struct {
	net.Conn
	indirect bool
}

func (s stream) Raw() (net.Conn, bool) { return s.Conn, !s.indirect }

func streamPair(t testing.TB) (net.Conn, net.Conn) {
	near, far := tcpPair(t)
	return stream{Conn: near}, far
}

// masked embeds a socket but changes the bytes, so a relay that bypassed it
// would be found out.
type masked struct{ *net.TCPConn }

func (m masked) Read(p []byte) (int, error) {
	n, err := m.TCPConn.Read(p)
	mask(p[:n])
	return n, err
}

func (m masked) Write(p []byte) (int, error) {
	q := append([]byte(nil), p...)
	mask(q)
	return m.TCPConn.Write(q)
}

var maskBlock = bytes.Repeat([]byte{0x55}, 32<<10)

func mask(p []byte) {
	for len(p) > 0 {
		p = p[subtle.XORBytes(p, p, maskBlock):]
	}
}

func embeddedPair(t testing.TB) (net.Conn, net.Conn) {
	near, far := tcpPair(t)
	return masked{near.(*net.TCPConn)}, masked{far.(*net.TCPConn)}
}

// closeWrite ends c's sending direction.
func closeWrite(c net.Conn) { c.(halfCloser).CloseWrite() }

// random returns size bytes that depend on seed alone.
func random(size int, seed byte) []byte {
	p := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

// writeRandomly writes p in pieces of random sizes.
func writeRandomly(w io.Writer, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), 1+rand.IntN(1<<rand.IntN(18)))
		if _, err := w.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func sum(p []byte) [32]byte { return sha256.Sum256(p) }
