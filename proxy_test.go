package i2psocks_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
)

// through returns a client of a SOCKS port, with the port's own credentials unless others are given.
func through(px *i2psocks.Proxy, user, password string) *socks.Dialer {
	if user == "" && px.URL().User != nil {
		user = px.URL().User.Username()
		password, _ = px.URL().User.Password()
	}
	return &socks.Dialer{Address: px.Addr().String(), Username: user, Password: password}
}

// replyOf returns the code that a dial was refused with.
func replyOf(t testing.TB, err error) socks.Reply {
	e, ok := errors.AsType[*socks.ReplyError](err)
	require.True(t, ok, "%v", err)
	return e.Reply
}

func TestSOCKS(t *testing.T) { overBoth(t, testSOCKS) }

func testSOCKS(t *testing.T, nw *network) {
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, hello)
	nw.setHost("hello.i2p", site.Addr().Destination)
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "localhost:0")
	require.NoError(t, err)
	want := "hello " + visitor.Addr().String()
	assert.Equal(t, "socks5h", px.URL().Scheme)

	for _, version := range []socks.Version{socks.SOCKS5, socks.SOCKS4a} {
		d := through(px, "", "")
		d.Version = version
		client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
		assert.Equal(t, want, get(t, client, "http://hello.i2p/"), version)
	}
	t.Run("x/net/proxy", func(t *testing.T) {
		u := *px.URL()
		u.Scheme = "socks5"
		d, err := proxy.FromURL(&u, proxy.Direct)
		require.NoError(t, err)
		client := &http.Client{Transport: &http.Transport{DialContext: d.(proxy.ContextDialer).DialContext, DisableKeepAlives: true}}
		assert.Equal(t, want, get(t, client, "http://"+site.Addr().Host+"/"))
	})
	t.Run("net/http", func(t *testing.T) {
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(px.URL()), DisableKeepAlives: true}}
		assert.Equal(t, want, get(t, client, "http://hello.i2p/"))
	})
	t.Run("curl", func(t *testing.T) {
		curl, err := exec.LookPath("curl")
		if err != nil {
			t.Skip("no curl")
		}
		out, err := exec.CommandContext(t.Context(), curl, "-sS", "-H", "Connection: close", "--proxy", px.URL().String(), "http://hello.i2p/").CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Equal(t, want, string(out))
	})
	require.NoError(t, px.Shutdown(t.Context()))
	require.NoError(t, px.Close())
}

func TestReplies(t *testing.T) {
	t.Parallel()
	overBoth(t, testReplies)
}

func testReplies(t *testing.T, nw *network) {
	a, b := nw.start(), nw.start()
	site, visitor := on(t, a), on(t, b)
	require.NoError(t, site.Up(t.Context()))
	visitor.NoSecret, visitor.DialTimeout = true, 2*time.Second
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dial := func(address string) socks.Reply {
		_, err := through(px, "", "").DialContext(t.Context(), "tcp", address)
		return replyOf(t, err)
	}
	assert.Equal(t, socks.Reply(5), dial(site.Addr().Host+":80"), "nobody listens")
	for address, want := range map[string]socks.Reply{
		"example.com:80":    2,
		"x.i2p.evil.com:80": 2,
		"localhost:80":      2,
		"unknown.i2p:80":    4,
		"short.b32.i2p:80":  4,
		".i2p:80":           4,
		"a b.i2p:80":        4,
		"a\n.i2p:80":        4,
		"10.1.2.3:80":       8,
		"[fd00::1]:80":      8,
	} {
		assert.Equal(t, want, dial(address), "%q", address)
	}
	b.hang()
	assert.Equal(t, socks.Reply(6), dial("slow.i2p:80"), "timed out")
	if b, ok := b.(samRouter); ok {
		b.Inject(samtest.Fault{On: "STREAM CONNECT", Result: "I2P_ERROR"})
		assert.Equal(t, socks.Reply(1), dial("odd.i2p:80"), "router error")
	}

	fresh := on(t, b)
	fresh.NoSecret = true
	px, err = fresh.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b.Kill()
	assert.Equal(t, socks.Reply(1), dial("a.i2p:80"), "router down")
}

func TestSecret(t *testing.T) { overBoth(t, testSecret) }

func testSecret(t *testing.T, nw *network) {
	visitor := nw.endpoint(t)
	first, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	second, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	secret, _ := first.URL().User.Password()
	assert.GreaterOrEqual(t, len(secret), 26, "128 bits")
	assert.NotEqual(t, first.URL().User.String(), second.URL().User.String())
	for _, password := range []string{"", "x", secret + "x", secret[1:]} {
		_, err := through(first, "anybody", password).DialContext(t.Context(), "tcp", "a.i2p:80")
		assert.Error(t, err)
		assert.NotEqual(t, socks.Reply(4), replyOrNone(err), "must not get as far as the router")
	}
	_, err = through(first, "anybody", secret).DialContext(t.Context(), "tcp", "a.i2p:80")
	assert.Equal(t, socks.Reply(4), replyOf(t, err))
}

func replyOrNone(err error) socks.Reply {
	if e, ok := errors.AsType[*socks.ReplyError](err); ok {
		return e.Reply
	}
	return 0
}

// TestNotExposed: a port that other machines can reach needs a secret and a switch.
func TestNotExposed(t *testing.T) {
	for _, tc := range []struct {
		network, address string
		allow, open      bool
		ok               bool
	}{
		{"tcp", "127.0.0.1:0", false, false, true},
		{"tcp", "127.0.0.1:0", false, true, true},
		{"tcp", "localhost:0", false, true, true},
		{"tcp", ":0", false, false, false},
		{"tcp", "0.0.0.0:0", false, false, false},
		{"tcp", "[::]:0", false, false, false},
		{"tcp", "192.0.2.1:0", false, false, false},
		{"tcp", "0.0.0.0:0", true, true, false},
		{"tcp4", "0.0.0.0:0", true, false, true},
		{"tcp", "example.com:0", true, false, false},
		{"tcp", "127.0.0.1", false, false, false},
		{"tcp", "127.0.0.1:socks", false, false, false},
		{"udp", "127.0.0.1:0", false, false, false},
	} {
		ep := endpoint(t, "")
		ep.AllowRemote, ep.NoSecret = tc.allow, tc.open
		px, err := ep.ListenSOCKS(t.Context(), tc.network, tc.address)
		if !tc.ok {
			assert.Error(t, err, "%+v", tc)
			continue
		}
		require.NoError(t, err, "%+v", tc)
		host := px.URL().Hostname()
		assert.True(t, host == "localhost" || net.ParseIP(host).IsLoopback(), "a URL that a local client can use: %s", px.URL())
		assert.Equal(t, !tc.open, px.URL().User != nil)
	}
}

// TestSlowClient: on an i2pd router, a client that pauses while the site has already closed gets
// all of it, and so does a site whose visitor has gone.
func TestSlowClient(t *testing.T) { overBoth(t, testSlowClient) }

func testSlowClient(t *testing.T, nw *network) {
	t.Parallel()
	site, visitor := on(t, nw.i2pd()), on(t, nw.i2pd())
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	sent := random(5 << 20)
	closed, uploaded := make(chan struct{}), make(chan []byte)
	go func() {
		conn, err := ln.Accept()
		if assert.NoError(t, err) {
			conn.Write(sent)
			conn.Close()
		}
		close(closed)
		conn, err = ln.Accept()
		if assert.NoError(t, err) {
			got := make([]byte, len(sent)) // its end would come a minute later: there is no half-close
			_, err := io.ReadFull(conn, got)
			assert.NoError(t, err)
			conn.Close()
			uploaded <- got
		}
	}()
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)

	conn, err := through(px, "", "").DialContext(t.Context(), "tcp", site.Addr().Host+":80")
	require.NoError(t, err)
	<-closed
	time.Sleep(3 * time.Second) // the client's own slowness is what is tested
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(sent, got), "%d of %d bytes", len(got), len(sent))
	conn.Close()

	conn, err = through(px, "", "").DialContext(t.Context(), "tcp", site.Addr().Host+":80")
	require.NoError(t, err)
	_, err = conn.Write(sent)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	got = <-uploaded
	assert.True(t, bytes.Equal(sent, got), "%d of %d bytes", len(got), len(sent))
}

// TestManyConnects: thousands, one after the other, leave nothing behind.
func TestManyConnects(t *testing.T) { overBothFreely(t, testManyConnects) }

func testManyConnects(t *testing.T, nw *network) {
	if testing.Short() {
		t.Skip("long")
	}
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	many := 10_000
	if site.I2CP != "" { // which costs more, and has a limit for each peer
		many = 1000
		site.ConfigureI2CP = func(s *i2cp.Session) { s.Limits.PeerPerMinute, s.Limits.OpensPerMinute = -1, -1 }
	}
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "banner")
			conn.Close()
		}
	}()
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	d := through(px, "", "")
	connect := func(n int) {
		for range n {
			conn, err := d.DialContext(t.Context(), "tcp", site.Addr().Host+":80")
			require.NoError(t, err)
			got, err := io.ReadAll(conn)
			require.NoError(t, err)
			require.Equal(t, "banner", string(got))
			conn.Close()
		}
	}
	connect(100)
	files, goroutines := count()
	connect(many)
	assert.Eventually(t, func() bool {
		f, g := count()
		return f <= files+32 && g <= goroutines+32 // what pools keep comes and goes
	}, 10*time.Second, 50*time.Millisecond, "had %d descriptors and %d goroutines", files, goroutines)
}

// count returns the open descriptors, where the system tells, and the goroutines.
func count() (files, goroutines int) {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list), runtime.NumGoroutine()
}
