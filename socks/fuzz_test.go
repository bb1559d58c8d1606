package socks_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzServer runs whole connections: what a client sends reaches the server in pieces, then the
// client ends its direction. The dialer must be called once for a request that an independent
// reader finds complete, permitted and for CONNECT, and never otherwise; how the bytes are cut must
// not matter. A bubble fails the test if a goroutine stays.
func FuzzServer(f *testing.F) {
	for _, a := range askings() {
		f.Add(unhex(f, a.request), []byte{0, 3, 1}, false)
	}
	for _, in := range []string{
		greetNone + toHost + "68 65 6c 6c 6f",
		toHost4a + "68 65 6c 6c 6f",
		"05 02 00 02 01 01 75 02 70 77" + toHost,
		"05 01 02 01 01 75 01 78" + toHost,
		"04 01 00 50 00 00 00 01 75 3a 70 77 00 61 2e 69 32 70 00",
		"05 01 02 01 09 3c 74 6f 72 53 30 58 3e 31 02 70 77" + toHost, // <torS0X>1
		"05 01 02 01 09 3c 74 6f 72 53 30 58 3e 30 02 70 77" + toHost, // <torS0X>0
		"47 45 54 20 2f", "05 00", "05 01 01", "05 01 00 05 01 01",
	} {
		f.Add(unhex(f, in), []byte{1}, false)
		f.Add(unhex(f, in), []byte{}, true)
	}
	f.Fuzz(func(t *testing.T, in, cuts []byte, auth bool) {
		if len(in) > 8<<10 {
			return
		}
		want := oracle(in, auth)
		var atOnce, inPieces played
		synctest.Test(t, func(t *testing.T) { atOnce = play(t, auth, in, nil) })
		synctest.Test(t, func(t *testing.T) { inPieces = play(t, auth, in, cuts) })
		assert.Equal(t, atOnce, inPieces, "the cuts matter")
		if want.dialled != "" {
			assert.Equal(t, want, atOnce)
		} else {
			assert.Empty(t, atOnce.dialled)
		}
	})
}

// played is what a client and the dialer have seen.
type played struct{ answer, dialled string }

// longestHandshake is all that SOCKS 5 may send before the server says yes, and what may be read behind it.
const longestHandshake = 2 + 255 + 3 + 2*255 + 7 + 255 + 1024

// play sends in to a server, cut at the given places, and returns what comes of it.
func play(t *testing.T, auth bool, in, cuts []byte) (p played) {
	server, client := sockstest.Pipe()
	conn := &counted{Conn: server}
	srv := &socks.Server{
		Dialer: dial(func(ctx context.Context, network, address string) (net.Conn, error) {
			p.dialled += address
			return (&echo{}).DialContext(ctx, network, address)
		}),
		Hooks: &socks.Hooks{Request: func(context.Context, *socks.Request) context.Context {
			assert.LessOrEqual(t, conn.read.Load(), int64(longestHandshake))
			return nil
		}},
	}
	if auth {
		srv.Authenticate = socks.Secret("pw")
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.ServeConn(t.Context(), conn)
	}()
	for rest := in; len(rest) > 0; {
		n := len(rest)
		if len(cuts) > 0 {
			n, cuts = min(n, 1+int(cuts[0])), cuts[1:]
		}
		if _, err := client.Write(rest[:n]); err != nil {
			break // the server has closed
		}
		synctest.Wait()
		rest = rest[n:]
	}
	closeWrite(client)
	answer, err := io.ReadAll(client)
	require.NoError(t, err)
	p.answer = string(answer)
	<-served
	return p
}

// counted counts what is read from a connection.
type counted struct {
	net.Conn
	read atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func (c *counted) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error { return c.(interface{ CloseWrite() error }).CloseWrite() }

// oracle reads a whole stream of a client as the specifications say, knowing its end. It returns
// what must come of it if that is a stream to an echo, else nothing.
func oracle(in []byte, auth bool) (p played) {
	r := &reader{rest: in}
	var user, pass, host, answer string
	var port []byte
	switch r.byte() {
	case 4:
		r.want(1)
		port = r.take(2)
		ip := r.take(4)
		user = r.untilNUL()
		if !strings.HasPrefix(string(ip), "\x00\x00\x00") || strings.HasSuffix(string(ip), "\x00") {
			return p
		}
		host = r.untilNUL()
		if len(in)-len(r.rest) > 1024 {
			return p
		}
		if i := strings.LastIndexByte(user, ':'); auth && i >= 0 {
			user, pass = user[:i], user[i+1:]
		}
		answer = "\x00\x5a\x00\x00\x00\x00\x00\x00"
	case 5:
		methods := r.take(int(r.byte()))
		switch {
		case bytes.IndexByte(methods, 2) >= 0:
			r.want(1)
			user = string(r.take(int(r.byte())))
			pass = string(r.take(int(r.byte())))
			answer = "\x05\x02\x01\x00"
		case bytes.IndexByte(methods, 0) >= 0:
			answer = "\x05\x00"
		default:
			return p
		}
		r.want(5)
		r.want(1)
		r.want(0)
		r.want(3)
		host = string(r.take(int(r.byte())))
		port = r.take(2)
		answer += "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	}
	form, extended := strings.CutPrefix(user, "<torS0X>")
	_, notIP := netip.ParseAddr(host)
	name, err := i2phost.Parse(host)
	switch {
	case r.bad, err != nil, notIP == nil, auth && pass != "pw", extended && !strings.HasPrefix(form, "0"):
		return p
	case string(port) == "\x00\x00":
		return p
	}
	p.dialled = net.JoinHostPort(name.String(), strconv.Itoa(int(binary.BigEndian.Uint16(port))))
	p.answer = answer + string(r.rest)
	return p
}

// reader takes bytes from the front; it is bad once there were too few, or others than wanted.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) (b []byte) {
	if r.bad = r.bad || len(r.rest) < n; r.bad {
		return make([]byte, n)
	}
	b, r.rest = r.rest[:n], r.rest[n:]
	return b
}

func (r *reader) byte() byte { return r.take(1)[0] }

func (r *reader) want(b byte) { r.bad = r.byte() != b || r.bad }

func (r *reader) untilNUL() string {
	n := bytes.IndexByte(r.rest, 0)
	if r.bad = r.bad || n < 0; r.bad {
		return ""
	}
	return string(r.take(n + 1)[:n])
}
