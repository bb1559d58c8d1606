package i2psocks_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/socks"
)

// TestBindIsTheHostsChoice: a client without a token takes no port of the program's identity unless it is let.
func TestBindIsTheHostsChoice(t *testing.T) { overBoth(t, testBindIsTheHostsChoice) }

func testBindIsTheHostsChoice(t *testing.T, nw *network) {
	for name, tc := range map[string]struct {
		user        string
		off, listen bool
		configure   func(*socks.Server)
		allowed     bool
	}{
		"own identity":             {},
		"own identity by its name": {user: "i2psocks"},
		"isolation is off":         {user: "alice", off: true, listen: true},
		"token":                    {user: "alice", listen: true, allowed: true},
		"token that only dials":    {user: "alice"},
		"permitted":                {allowed: true, configure: func(s *socks.Server) { s.Allow = nil }},
		"permitted by a policy":    {allowed: true, configure: func(s *socks.Server) { s.Allow = socks.Commands(socks.Bind) }},
		"another policy": {user: "alice", listen: true, configure: func(s *socks.Server) {
			s.Allow = socks.All(s.Allow, socks.Ports(80))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ep := nw.endpoint(t)
			ep.Isolation.Off, ep.Isolation.Listen, ep.ConfigureSOCKS = tc.off, tc.listen, tc.configure
			px := listenSOCKS(t, ep, "127.0.0.1:0")
			password, _ := px.URL().User.Password()
			ln, err := through(px, tc.user, password).Listen(t.Context(), "tcp", ":81")
			if tc.allowed {
				require.NoError(t, err)
				assert.NoError(t, ln.Close())
				return
			}
			require.Error(t, err)
			assert.ErrorContains(t, err, "not", "and not a timeout")
			if tc.user == "" {
				assert.Equal(t, socks.CommandNotSupported, replyOf(t, err))
			}
			own, err := ep.Listen(t.Context(), "tcp", ":81")
			require.NoError(t, err, "it is still the program's")
			assert.NoError(t, own.Close())
		})
	}
}

// TestConfigureSOCKS: it sets limits and policies, and neither lets anybody out of I2P, nor in without the secret.
func TestConfigureSOCKS(t *testing.T) { overBoth(t, testConfigureSOCKS) }

func testConfigureSOCKS(t *testing.T, nw *network) {
	site, ep := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, hello)
	limit := 1
	ep.ConfigureSOCKS = func(s *socks.Server) {
		s.MaxConns = limit
		s.Allow = socks.All(s.Allow, socks.Ports(80, 53), socks.Hosts(site.Addr().Host, "example.com"))
		s.Authenticate, s.Select, s.Dialer = nil, nil, new(net.Dialer)
	}
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	conn, err := through(px, "", "").DialContext(t.Context(), "tcp", site.Addr().Host+":80")
	require.NoError(t, err)
	_, err = through(px, "", "").DialContext(t.Context(), "tcp", site.Addr().Host+":80")
	assert.Error(t, err, "MaxConns")
	conn.Close()
	limit = 0
	px = listenSOCKS(t, ep, "127.0.0.1:0")
	for address, want := range map[string]socks.Reply{
		"other.i2p:80": socks.NotAllowed, "example.com:53": socks.NotAllowed, site.Addr().Host + ":81": socks.NotAllowed, "192.0.2.1:53": socks.AddressNotSupported,
	} {
		_, err := through(px, "", "").DialContext(t.Context(), "tcp", address)
		assert.Equal(t, want, replyOf(t, err), address)
	}
	_, err = through(px, "i2psocks", "guess").DialContext(t.Context(), "tcp", site.Addr().Host+":80")
	assert.Error(t, err)
	_, err = (&socks.Dialer{Address: px.Addr().String()}).DialContext(t.Context(), "tcp", site.Addr().Host+":80")
	assert.Error(t, err)
}

// TestServeSOCKS serves listeners that are there already.
func TestServeSOCKS(t *testing.T) { overBoth(t, testServeSOCKS) }

func testServeSOCKS(t *testing.T, nw *network) {
	site := nw.endpoint(t)
	serve(t, site, hello)
	listen := func(network, address string) net.Listener {
		ln, err := net.Listen(network, address)
		require.NoError(t, err)
		return ln
	}
	for _, network := range []string{"tcp", "unix"} {
		if network == "unix" && runtime.GOOS == "windows" {
			continue
		}
		address := "127.0.0.1:0"
		if network == "unix" {
			dir, err := os.MkdirTemp("", "s") // whose path has room for the name of a unix socket
			require.NoError(t, err)
			defer os.RemoveAll(dir)
			address = filepath.Join(dir, "s")
		}
		ep := nw.endpoint(t)
		px, err := ep.ServeSOCKS(t.Context(), listen(network, address))
		require.NoError(t, err)
		d := through(px, "", "")
		d.Network = network
		require.NotEmpty(t, d.Password, "a secret")
		conn, err := d.DialContext(t.Context(), "tcp", site.Addr().Host+":80")
		require.NoError(t, err)
		conn.Close()
		d.Password = "guess"
		_, err = d.DialContext(t.Context(), "tcp", site.Addr().Host+":80")
		assert.Error(t, err)
		require.NoError(t, px.Shutdown(t.Context()))
		<-px.Done()
		assert.NoError(t, px.Err())
	}

	far := endpoint(t, "")
	for name, ln := range map[string]net.Listener{
		"any": listen("tcp", ":0"), "unknown": strange{listen("tcp", "127.0.0.1:0")},
	} {
		_, err := far.ServeSOCKS(t.Context(), ln)
		assert.ErrorIs(t, err, i2psocks.ErrExposed, name)
		_, err = ln.Accept()
		assert.ErrorIs(t, err, net.ErrClosed, name)
	}
	require.NoError(t, far.Close())
	ln := listen("tcp", "127.0.0.1:0")
	_, err := far.ServeSOCKS(t.Context(), ln)
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = ln.Accept()
	assert.ErrorIs(t, err, net.ErrClosed, "taken over")
}

// strange is a listener on who knows what.
type strange struct{ net.Listener }

func (strange) Addr() net.Addr { return addr("vsock:3") }

type addr string

func (addr) Network() string  { return "vsock" }
func (a addr) String() string { return string(a) }

// broken is a listener that fails.
type broken struct {
	net.Listener
	fail chan error
}

func (b broken) Accept() (net.Conn, error) { return nil, <-b.fail }

// TestPortThatDies: the host is told.
func TestPortThatDies(t *testing.T) {
	ep := endpoint(t, "")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	fail := make(chan error, 1)
	px, err := ep.ServeSOCKS(t.Context(), broken{ln, fail})
	require.NoError(t, err)
	select {
	case <-px.Done():
		assert.Fail(t, "alive")
	default:
		assert.NoError(t, px.Err())
	}
	why := errors.New("the network card is on fire")
	fail <- why
	<-px.Done()
	assert.ErrorIs(t, px.Err(), why)
	assert.NoError(t, px.Close())
	assert.ErrorIs(t, px.Err(), why)
}

// TestURLIsTheProxys: the address in a URL is one on which nobody else can listen.
func TestURLIsTheProxys(t *testing.T) {
	for _, tc := range []struct{ network, address string }{
		{"tcp4", "0.0.0.0:0"}, {"tcp", "0.0.0.0:0"}, {"tcp", ":0"}, {"tcp", "[::]:0"}, {"tcp6", "[::]:0"}, {"tcp6", "localhost:0"}, {"tcp", "localhost:0"},
	} {
		ep := endpoint(t, "")
		ep.AllowRemote = true
		px, err := ep.ListenSOCKS(t.Context(), tc.network, tc.address)
		if tc.network == "tcp6" && err != nil {
			t.Log("no IPv6:", err)
			continue
		}
		require.NoError(t, err, tc)
		assert.True(t, net.ParseIP(px.URL().Hostname()).IsLoopback(), px.URL().Host)
		conn, err := net.Dial("tcp", px.URL().Host)
		if assert.NoError(t, err, tc) {
			conn.Close()
		}
		ln, err := net.Listen("tcp", px.URL().Host)
		if !assert.Error(t, err, "%v: taken by another", tc) {
			ln.Close()
		}
	}
}

// TestSecretsThatCannotBeSent are refused at once.
func TestSecretsThatCannotBeSent(t *testing.T) {
	long := string(random(1))
	for len(long) < 256 {
		long += "s"
	}
	for name, tc := range map[string]struct {
		secret i2psocks.Secret
		ok     bool
	}{"longest": {i2psocks.Secret(long[1:]), true}, "too long": {secret: i2psocks.Secret(long)}, "NUL": {secret: "a\x00b"}} {
		ep := endpoint(t, "")
		ep.Secret = tc.secret
		px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
		if tc.ok {
			require.NoError(t, err, name)
			_, err = through(px, "", "").DialContext(t.Context(), "tcp", "example.com:80")
			assert.Equal(t, socks.NotAllowed, replyOf(t, err), name)
			continue
		}
		require.ErrorContains(t, err, "cannot send", name)
		assert.NotContains(t, err.Error(), string(tc.secret), name)
	}
}

// TestZeroPortIsRandom in whatever spelling: its tokens are transient.
func TestZeroPortIsRandom(t *testing.T) { overBoth(t, testZeroPortIsRandom) }

func testZeroPortIsRandom(t *testing.T, nw *network) {
	_, ep, visit := isolation(t, nw)
	ep.NoSecret, ep.Isolation.Persistent, ep.Dir = true, true, t.TempDir()
	for _, address := range []string{"127.0.0.1:0", "127.0.0.1:00"} {
		px := listenSOCKS(t, ep, address)
		visit(through(px, "alice", "x"))
		keys, err := filepath.Glob(filepath.Join(ep.Dir, "keys", "*.key"))
		require.NoError(t, err)
		assert.Len(t, keys, 1, "%s: the endpoint's own", address)
	}
}
