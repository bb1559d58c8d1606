// Package sockstest helps to test programs that use package socks, without
// touching the network: everything happens in memory and works inside a bubble
// of testing/synctest.
//
// It has no dialer for the server and imitates none; give [Start] a
// [socks.Server] with the real one, or one of your own.
package sockstest

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/internal/memnet"
	"github.com/go-i2p/i2psocks/socks"
)

// Pipe returns the two ends of a buffered connection in memory. Both have
// CloseWrite and deadlines.
func Pipe() (net.Conn, net.Conn) { return memnet.Pipe() }

// Server is a running [socks.Server] that listens in memory.
type Server struct {
	Config *socks.Server

	tb       testing.TB
	listener *memnet.Listener
	served   chan error
}

// Start runs srv until Close, or else until the test ends.
func Start(tb testing.TB, srv *socks.Server) *Server {
	s := &Server{Config: srv, tb: tb, listener: memnet.Listen(), served: make(chan error, 1)}
	go func() { s.served <- srv.Serve(s.listener) }()
	tb.Cleanup(s.Close)
	return s
}

// Close cuts all clients and waits until they are gone. It may be called again.
func (s *Server) Close() {
	s.tb.Helper()
	s.Config.Close()
	s.Config.Shutdown(context.Background())
	if err, ok := <-s.served; ok {
		close(s.served)
		if !errors.Is(err, socks.ErrServerClosed) {
			s.tb.Errorf("sockstest: Serve: %v", err)
		}
	}
}

// DialContext connects to the server, whatever the address: a Server is the
// Forward of a [socks.Dialer].
func (s *Server) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.listener.Dial(ctx)
}

// Dialer returns a client of the server with these credentials, which may be empty.
func (s *Server) Dialer(username, password string) *socks.Dialer {
	return &socks.Dialer{Address: s.listener.Addr().String(), Forward: s, Username: username, Password: password}
}

// Client returns a raw connection to the server, closed when the test ends.
func (s *Server) Client() *Client {
	s.tb.Helper()
	conn, err := s.listener.Dial(context.Background())
	if err != nil {
		s.tb.Fatalf("sockstest: %v", err)
	}
	return NewClient(s.tb, conn)
}

// Client says what it is told to, right or wrong. Its methods end the test when they fail.
type Client struct {
	net.Conn
	tb testing.TB
}

// patience is how long a Client waits for bytes; inside synctest it costs no time.
const patience = time.Minute

// NewClient returns a client on conn, which it closes when the test ends.
func NewClient(tb testing.TB, conn net.Conn) *Client {
	tb.Cleanup(func() { conn.Close() })
	return &Client{Conn: conn, tb: tb}
}

// Send writes bytes given in hexadecimal, spaces allowed, in one piece.
func (c *Client) Send(hexBytes string) {
	c.tb.Helper()
	if _, err := c.Write(c.unhex(hexBytes)); err != nil {
		c.tb.Fatalf("sockstest: send: %v", err)
	}
}

// SendBytewise does as Send, one byte at a time with a pause after each.
func (c *Client) SendBytewise(hexBytes string, pause time.Duration) {
	c.tb.Helper()
	for _, b := range c.unhex(hexBytes) {
		if _, err := c.Write([]byte{b}); err != nil {
			c.tb.Fatalf("sockstest: send: %v", err)
		}
		time.Sleep(pause)
	}
}

// CloseWrite ends the client's direction.
func (c *Client) CloseWrite() {
	c.tb.Helper()
	w, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		c.tb.Fatalf("sockstest: %T has no CloseWrite", c.Conn)
	}
	if err := w.CloseWrite(); err != nil {
		c.tb.Fatalf("sockstest: %v", err)
	}
}

// Expect reads as many bytes as are given in hexadecimal and compares them.
func (c *Client) Expect(hexBytes string) {
	c.tb.Helper()
	want := c.unhex(hexBytes)
	got := make([]byte, len(want))
	c.SetReadDeadline(time.Now().Add(patience))
	defer c.SetReadDeadline(time.Time{})
	if n, err := io.ReadFull(c.Conn, got); err != nil || string(got) != string(want) {
		c.tb.Fatalf("sockstest: got % x (%v), want % x", got[:n], err, want)
	}
}

// ExpectEnd checks that nothing more comes before the end of the stream.
func (c *Client) ExpectEnd() {
	c.tb.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	defer c.SetReadDeadline(time.Time{})
	if rest, err := io.ReadAll(c.Conn); err != nil || len(rest) > 0 {
		c.tb.Fatalf("sockstest: got % x (%v), want the end", rest, err)
	}
}

func (c *Client) unhex(s string) []byte {
	c.tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		c.tb.Fatalf("sockstest: %v", err)
	}
	return b
}
