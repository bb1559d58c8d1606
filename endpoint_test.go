package i2psocks_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/logtest"
	"github.com/go-i2p/i2psocks/keys"
)

// endpoint returns an endpoint on a router that ends with the test.
func endpoint(t testing.TB, sam string) *i2psocks.Endpoint {
	ep := &i2psocks.Endpoint{SAM: sam}
	t.Cleanup(func() { assert.NoError(t, ep.Close()) })
	return ep
}

// serve runs a web site on an endpoint. end waits until nothing of it runs any more.
func serve(t testing.TB, ep *i2psocks.Endpoint, h http.Handler) (end func()) {
	ln, err := ep.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: h}
	t.Cleanup(func() { srv.Close() })
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(ln)
	}()
	return func() {
		srv.Shutdown(context.Background())
		<-served
	}
}

// hello tells visitors who they are.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello "+r.RemoteAddr) })

func get(t testing.TB, client *http.Client, address string) string {
	resp, err := client.Get(address)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func TestHTTPClient(t *testing.T) { overBoth(t, testHTTPClient) }

func testHTTPClient(t *testing.T, nw *network) {
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, hello)
	visitor.Hosts = map[string]string{"Mine.i2p": site.Addr().Host, "long.i2p.": site.Addr().Destination.Base64()}
	nw.setHost("theirs.i2p", site.Addr().Destination)
	client := visitor.HTTPClient()
	for _, host := range []string{"mine.i2p", "LONG.i2p", "theirs.i2p", site.Addr().Host} {
		assert.Equal(t, "hello "+visitor.Addr().String(), get(t, client, "http://"+host+"/"))
	}
	for _, address := range []string{"http://example.com/", "http://127.0.0.1/", "http://[::1]/", "http://localhost/", "https://mine.i2p.example.com/"} {
		_, err := client.Get(address)
		assert.ErrorIs(t, err, dialer.ErrNotI2P, address)
	}
}

// TestUserAgent: a site cannot tell the client from a browser behind I2P's HTTP proxy by its name.
func TestUserAgent(t *testing.T) { overBoth(t, testUserAgent) }

func testUserAgent(t *testing.T, nw *network) {
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) }))
	assert.Equal(t, "MYOB/6.66 (AN/ON)", get(t, visitor.HTTPClient(), "http://"+site.Addr().Host))
	req, err := http.NewRequest(http.MethodGet, "http://"+site.Addr().Host, nil)
	require.NoError(t, err)
	req.Header.Set("User-Agent", "bot/1")
	resp, err := visitor.HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "bot/1", string(body))
}

func TestIdentityStays(t *testing.T) { overBoth(t, testIdentityStays) }

func testIdentityStays(t *testing.T, nw *network) {
	router := nw.start()
	dir := filepath.Join(t.TempDir(), "state")
	open := func(name string) *i2psocks.Endpoint {
		ep := on(t, router)
		ep.Name, ep.Dir = name, dir
		return ep
	}
	first := open("bot")
	home := first.Addr()
	require.NotZero(t, home)
	second := open("bot")
	assert.ErrorIs(t, second.Up(t.Context()), keys.ErrLocked, "one process, one endpoint at a time")
	require.NoError(t, first.Close())
	require.NoError(t, second.Up(t.Context()), "a start that failed is tried again")
	assert.Equal(t, home, second.Addr())
	require.NoError(t, second.Close())
	other := open("other")
	assert.NotEqual(t, home, other.Addr())
	require.NoError(t, other.Close())
	unnamed := open("")
	assert.NotEqual(t, home, unnamed.Addr())
}

// TestDamagedKey: a key file that cannot be used is an error, never a new identity.
func TestDamagedKey(t *testing.T) { overBoth(t, testDamagedKey) }

func testDamagedKey(t *testing.T, nw *network) {
	router := nw.start()
	dir := filepath.Join(t.TempDir(), "state")
	ep := on(t, router)
	ep.Name, ep.Dir = "bot", dir
	home := ep.Addr()
	require.NoError(t, ep.Close())
	file := filepath.Join(dir, "keys", "bot.key")
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	for name, bad := range map[string][]byte{"empty": {}, "truncated": good[:700], "foreign": []byte("-----BEGIN OPENSSH PRIVATE KEY-----\n")} {
		require.NoError(t, os.WriteFile(file, bad, 0o600))
		ep := on(t, router)
		ep.Name, ep.Dir = "bot", dir
		assert.ErrorIs(t, ep.Up(t.Context()), keys.ErrMalformed, name)
		assert.Zero(t, ep.Addr())
		left, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, bad, left, name)
		require.NoError(t, os.WriteFile(file, good, 0o600))
		assert.Equal(t, home, ep.Addr(), "a mended file is taken at the next use")
		require.NoError(t, ep.Close())
	}
	assert.Zero(t, router.connections())
}

func TestBadFields(t *testing.T) {
	for name, ep := range map[string]*i2psocks.Endpoint{
		"host is clearnet":     {Hosts: map[string]string{"example.com": "x"}},
		"host is base32":       {Hosts: map[string]string{"baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p": "x"}},
		"value is a name":      {Hosts: map[string]string{"a.i2p": "b.i2p"}},
		"value is clearnet":    {Hosts: map[string]string{"a.i2p": "example.com"}},
		"value is empty":       {Hosts: map[string]string{"a.i2p": ""}},
		"value is no base64":   {Hosts: map[string]string{"a.i2p": strings.Repeat("B", 516)}},
		"secret and no secret": {Secret: "x", NoSecret: true},
		"name with a path":     {Name: "../../escape", Keys: new(keys.Memory)},
		"router by name":       {SAM: "router.example.com:7656"},
		"name with a space":    {Name: "a b"},
		"persistent and not": {Keys: new(keys.Memory), Isolation: i2psocks.Isolation{
			Persistent: true,
			New:        func(context.Context) (dialer.Backend, error) { return new(i2psocks.Endpoint), nil },
		}},
	} {
		err := ep.Up(t.Context())
		assert.Error(t, err, name)
		assert.NotErrorIs(t, err, dialer.ErrRouterDown, name)
		assert.NoError(t, ep.Close())
	}
	assert.ErrorIs(t, (&i2psocks.Endpoint{Name: "Two Words"}).Up(t.Context()), keys.ErrName, "also where nothing is kept")
}

func TestNoRouter(t *testing.T) { overBoth(t, testNoRouter) }

func testNoRouter(t *testing.T, nw *network) {
	router := nw.start()
	ep := on(t, router)
	router.Kill()
	assert.Equal(t, dialer.Idle, ep.Status().State)
	assert.ErrorIs(t, ep.Up(t.Context()), dialer.ErrRouterDown)
	require.NoError(t, router.Restart())
	require.NoError(t, ep.Up(t.Context()))
	assert.Equal(t, dialer.Up, ep.Status().State)
}

func TestEndpointClose(t *testing.T) { overBoth(t, testEndpointClose) }

func testEndpointClose(t *testing.T, nw *network) {
	router := nw.start()
	ep := on(t, router)
	px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ep.Up(t.Context()))
	require.NoError(t, ep.Close())
	require.NoError(t, ep.Close())
	_, err = net.Dial("tcp", px.Addr().String())
	assert.Error(t, err, "the SOCKS port is gone")
	require.NoError(t, px.Shutdown(t.Context()))
	_, err = ep.DialContext(t.Context(), "tcp", "a.i2p:80")
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = ep.Listen(t.Context(), "tcp", ":80")
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, dialer.Closed, ep.Status().State)
	assert.NoError(t, new(i2psocks.Endpoint).Close(), "never used")
}

// TestLogsTellNothing: at the highest verbosity there is no key, name, destination or secret in the log.
func TestLogsTellNothing(t *testing.T) { overBoth(t, testLogsTellNothing) }

func testLogsTellNothing(t *testing.T, nw *network) {
	a, b := nw.start(), nw.start()
	var log logtest.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
	id, err := keys.Generate()
	require.NoError(t, err)
	var store keys.Memory
	require.NoError(t, store.Save(t.Context(), "secretname", id))
	site, visitor := on(t, a), on(t, b)
	site.Logger, visitor.Logger, visitor.Keys, visitor.Name = logger, logger, &store, "secretname"
	visitor.Secret = "open-sesame"
	serve(t, site, hello)
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	for _, host := range []string{site.Addr().Host, "unknown-name.i2p", "clearnet.example.com", "127.0.0.9"} {
		conn, err := through(px, "", "").DialContext(t.Context(), "tcp", host+":80")
		if err == nil {
			io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}
	b.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = visitor.DialContext(ctx, "tcp", site.Addr().Host+":80")
	require.Error(t, err)
	require.NoError(t, visitor.Close())
	require.NoError(t, site.Close())

	text := log.String()
	assert.Contains(t, text, "i2p session up")
	assert.Contains(t, text, "socks request")
	secret := id.Reveal()
	for _, word := range []string{
		site.Addr().Host[:20], visitor.Addr().Host, site.Addr().Destination.Base64()[:20], secret[len(secret)-100:], secret[:20],
		"unknown-name", "clearnet", "127.0.0.9", "open-sesame",
	} {
		if word != "" {
			assert.NotContains(t, text, word)
		}
	}
	for _, printed := range []string{fmt.Sprintf("%v %+v %#v", id, id, id), fmt.Sprintf("%+v", &store)} {
		assert.NotContains(t, printed, secret[len(secret)-40:])
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
