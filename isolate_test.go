package i2psocks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/logtest"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// isolation returns a router, an endpoint on it, and a function that tells as whom the site
// hello.i2p sees a dialer.
func isolation(t *testing.T, nw *network) (router, *i2psocks.Endpoint, func(proxy.ContextDialer) string) {
	site := nw.endpoint(t)
	serve(t, site, hello)
	r := nw.start()
	ep := on(t, r)
	ep.Hosts = map[string]string{"hello.i2p": site.Addr().Host}
	return r, ep, func(d proxy.ContextDialer) string {
		return get(t, &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}, "http://hello.i2p/")
	}
}

func listenSOCKS(t *testing.T, ep *i2psocks.Endpoint, address string) *i2psocks.Proxy {
	px, err := ep.ListenSOCKS(t.Context(), "tcp", address)
	require.NoError(t, err)
	return px
}

// assertApart checks that all are different.
func assertApart(t *testing.T, all ...string) {
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(all))), len(all), "%q", all)
}

func TestIsolate(t *testing.T) { overBoth(t, testIsolate) }

func testIsolate(t *testing.T, nw *network) {
	r, ep, visit := isolation(t, nw)
	one, two := ep.Isolate("one"), ep.Isolate("two")
	assertApart(t, visit(ep), visit(one), visit(two), visit(ep.Isolate("")))
	assert.Equal(t, "hello "+one.Addr().String(), visit(ep.Isolate("one")))
	assert.Len(t, ep.IsolatedStatus(), 3)
	for d, options := range r.sessions() {
		own := d == ep.Addr().Destination
		assert.Equal(t, !own, options["i2cp.dontPublishLeaseSet"] == "true", "dial-only is not published")
		assert.Equal(t, own, options["inbound.quantity"] == "3")
		assert.Equal(t, !own, options["outbound.quantity"] == "2")
	}
	_, err := one.Listen(t.Context(), "tcp", ":80")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = one.Dial("tcp", "example.com:80")
	assert.ErrorIs(t, err, dialer.ErrNotI2P)

	// An endpoint of the identity, with all that endpoints have.
	before := visit(one)
	whole := &i2psocks.Endpoint{Backend: one}
	assert.Equal(t, before, get(t, whole.HTTPClient(), "http://hello.i2p/"))
	require.NoError(t, whole.Close())
	assertApart(t, before, visit(one))

	require.NoError(t, ep.Close())
	require.NoError(t, r.WaitFor(t.Context(), func() bool { return len(r.sessions()) == 0 }))
	_, err = one.DialContext(t.Context(), "tcp", "hello.i2p:80")
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Zero(t, ep.Isolate("new").Addr())
}

func TestIsolationListen(t *testing.T) {
	t.Parallel()
	overBoth(t, testIsolationListen)
}

func testIsolationListen(t *testing.T, nw *network) {
	_, ep, _ := isolation(t, nw)
	ep.Isolation.Listen = true
	ln, err := ep.Isolate("one").Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go http.Serve(ln, hello)
	assert.Equal(t, "hello "+ep.Addr().String(), get(t, ep.HTTPClient(), "http://"+ln.Addr().String()+"/"))
	require.NoError(t, ln.Close())
}

// TestSOCKSIsolation: with a secret the user name is the token; none, or exactly that of the URL,
// is the endpoint itself.
func TestSOCKSIsolation(t *testing.T) { overBoth(t, testSOCKSIsolation) }

func testSOCKSIsolation(t *testing.T, nw *network) {
	_, ep, visit := isolation(t, nw)
	ep.Name, ep.Secret = "bot", "open-sesame"
	px, other := listenSOCKS(t, ep, "127.0.0.1:0"), listenSOCKS(t, ep, "127.0.0.1:0")
	as := func(px *i2psocks.Proxy, version socks.Version, user string) string {
		d := through(px, user, string(ep.Secret))
		d.Version = version
		return visit(d)
	}
	own := visit(ep)
	assert.Equal(t, own, as(px, socks.SOCKS5, "bot"))
	assert.Equal(t, own, as(other, socks.SOCKS4a, "bot"))
	alice := as(px, socks.SOCKS5, "alice")
	assert.Equal(t, alice, as(px, socks.SOCKS5, "alice"))
	assert.Equal(t, alice, as(px, socks.SOCKS4a, "alice"), "a SOCKS 4 user-id is the same token")
	assertApart(t, own, alice, as(px, socks.SOCKS5, "Alice"), as(px, socks.SOCKS5, "alice "), as(px, socks.SOCKS5, "bot2"),
		as(px, socks.SOCKS5, "bo"), as(px, socks.SOCKS5, "Bot"), as(other, socks.SOCKS5, "alice"), visit(ep.Isolate("alice")))

	// x/net/proxy offers "no authentication" too: its credentials must count all the same.
	d, err := proxy.SOCKS5("tcp", px.Addr().String(), &proxy.Auth{User: "alice", Password: string(ep.Secret)}, nil)
	require.NoError(t, err)
	assert.Equal(t, alice, visit(d.(proxy.ContextDialer)))
}

// TestSOCKSIsolationWithoutSecret: user name and password together are the token, as in Tor.
func TestSOCKSIsolationWithoutSecret(t *testing.T) { overBoth(t, testSOCKSIsolationWithoutSecret) }

func testSOCKSIsolationWithoutSecret(t *testing.T, nw *network) {
	_, ep, visit := isolation(t, nw)
	ep.NoSecret = true
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	own := visit(ep)
	assert.Equal(t, own, visit(&socks.Dialer{Address: px.Addr().String()}))
	assert.Equal(t, own, visit(&socks.Dialer{Address: px.Addr().String(), Version: socks.SOCKS4a}))
	all := []string{own, visit(&socks.Dialer{Address: px.Addr().String(), Version: socks.SOCKS4a, Username: "a"})}
	for _, c := range []proxy.Auth{{User: "a", Password: "b"}, {User: "a", Password: "c"}, {User: "ab", Password: "b"}, {User: "a\" \"", Password: "b"},
		{User: "i2psocks", Password: "b"}} {
		all = append(all, visit(through(px, c.User, c.Password)))
		assert.Equal(t, all[len(all)-1], visit(through(px, c.User, c.Password)))
	}
	assertApart(t, all...)
}

func TestSOCKSIsolationOff(t *testing.T) { overBoth(t, testSOCKSIsolationOff) }

func testSOCKSIsolationOff(t *testing.T, nw *network) {
	_, ep, visit := isolation(t, nw)
	ep.NoSecret, ep.Isolation.Off = true, true
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	assert.Equal(t, visit(ep), visit(through(px, "alice", "x")))
	assert.Empty(t, ep.IsolatedStatus())
}

// TestSOCKSIsolationLimit: a token too many is refused, never merged with another or with the endpoint.
func TestSOCKSIsolationLimit(t *testing.T) {
	t.Parallel()
	overBoth(t, testSOCKSIsolationLimit)
}

func testSOCKSIsolationLimit(t *testing.T, nw *network) {
	r, ep, _ := isolation(t, nw)
	ep.NoSecret, ep.Isolation.Max = true, 2
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	for n := range 2 {
		conn, err := through(px, fmt.Sprint(n), "x").DialContext(t.Context(), "tcp", "hello.i2p:80")
		require.NoError(t, err)
		defer conn.Close()
	}
	for n := range 100 {
		_, err := through(px, fmt.Sprint("new", n), "x").DialContext(t.Context(), "tcp", "hello.i2p:80")
		require.Equal(t, socks.GeneralFailure, replyOf(t, err))
	}
	assert.Len(t, r.sessions(), 2)
}

// TestSOCKSIsolationEndsWithThePort: the tokens of a port that is closed are nobody any more.
func TestSOCKSIsolationEndsWithThePort(t *testing.T) { overBoth(t, testSOCKSIsolationEndsWithThePort) }

func testSOCKSIsolationEndsWithThePort(t *testing.T, nw *network) {
	r, ep, visit := isolation(t, nw)
	ep.NoSecret = true
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	kept, address := visit(ep.Isolate("alice")), px.Addr().String()
	first := visit(through(px, "alice", "x"))
	require.NoError(t, px.Shutdown(t.Context()))
	require.NoError(t, r.WaitFor(t.Context(), func() bool { return len(r.sessions()) == 1 }))
	px = listenSOCKS(t, ep, address)
	assertApart(t, first, kept, visit(through(px, "alice", "x")))
	assert.Equal(t, kept, visit(ep.Isolate("alice")))
}

// TestPersistentIsolation: tokens find their identities again, and the store does not tell whose they are.
func TestPersistentIsolation(t *testing.T) {
	t.Parallel()
	overBoth(t, testPersistentIsolation)
}

func testPersistentIsolation(t *testing.T, nw *network) {
	r, first, visit := isolation(t, nw)
	dir := filepath.Join(t.TempDir(), "state")
	var log logtest.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	open := func(name string) *i2psocks.Endpoint {
		ep := on(t, r)
		ep.Hosts, ep.Name, ep.Dir, ep.NoSecret, ep.Logger = first.Hosts, name, dir, true, logger
		ep.Isolation.Persistent = true
		return ep
	}
	ep := open("bot")
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	random, address := visit(through(px, "alice", "x")), px.Addr().String()
	require.NoError(t, px.Close())
	fixed := listenSOCKS(t, ep, address)
	before := []string{visit(ep.Isolate("alice")), visit(ep.Isolate("bob")), visit(through(fixed, "alice", "x"))}
	assertApart(t, append(before, random, visit(ep))...)
	require.NoError(t, ep.Close())

	ep = open("bot")
	fixed = listenSOCKS(t, ep, address)
	assert.Equal(t, before, []string{visit(ep.Isolate("alice")), visit(ep.Isolate("bob")), visit(through(fixed, "alice", "x"))})
	require.NoError(t, ep.Close())

	ep = open("other")
	assertApart(t, before[0], visit(ep.Isolate("alice")))
	require.NoError(t, ep.Close())

	store, err := keys.OpenDir(filepath.Join(dir, "keys"))
	require.NoError(t, err)
	defer store.Close()
	names, err := store.Names(t.Context())
	require.NoError(t, err)
	assert.Len(t, names, 6, "two endpoints, three tokens of one and one of the other")
	assert.NotContains(t, fmt.Sprint(names, log.String()), "alice")

	bare := &i2psocks.Endpoint{}
	bare.Isolation.Persistent = true
	assert.ErrorContains(t, bare.Up(t.Context()), "Persistent")
	assert.Zero(t, bare.Isolate("alice").Addr())
}

// TestIsolationOfABackend: a backend of the host's own is never shared in silence.
func TestIsolationOfABackend(t *testing.T) { overBoth(t, testIsolationOfABackend) }

func testIsolationOfABackend(t *testing.T, nw *network) {
	r, model, visit := isolation(t, nw)
	ep := &i2psocks.Endpoint{Backend: r.session(), Hosts: model.Hosts, NoSecret: true}
	defer ep.Close()
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	own := visit(through(px, "", ""))
	_, err := ep.Isolate("alice").DialContext(t.Context(), "tcp", "hello.i2p:80")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = through(px, "alice", "x").DialContext(t.Context(), "tcp", "hello.i2p:80")
	assert.Equal(t, socks.NotAllowed, replyOf(t, err))

	able := &i2psocks.Endpoint{Backend: r.session(), Hosts: model.Hosts}
	able.Isolation.New = func(context.Context) (dialer.Backend, error) { return r.session(), nil }
	defer able.Close()
	assertApart(t, own, visit(able), visit(able.Isolate("alice")), visit(able.Isolate("bob")))
}

func TestFallbacks(t *testing.T) { overBoth(t, testFallbacks) }

func testFallbacks(t *testing.T, nw *network) {
	r, ep, visit := isolation(t, nw)
	gone := nw.start()
	gone.carry(ep)
	gone.Kill()
	ep.Fallbacks = []string{r.Addr()}
	assertApart(t, visit(ep), visit(ep.Isolate("alice")))
}
