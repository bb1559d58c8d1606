package socks_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"
)

// listen runs srv on loopback until the test ends.
func listen(t *testing.T, srv *socks.Server) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		assert.NoError(t, srv.Shutdown(context.Background()))
		assert.ErrorIs(t, <-done, socks.ErrServerClosed)
	})
	return l.Addr().String()
}

// site is a web site at site.i2p, reached by a server on loopback that asks for
// a password. users collects who came.
func site(t *testing.T) (address string, users chan string) {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("hello from " + r.Host))
	}))
	t.Cleanup(web.Close)
	users = make(chan string, 16)
	return listen(t, &socks.Server{
		Authenticate: socks.Secret("pw"),
		Select: func(_ context.Context, r *socks.Request) (proxyDialer, error) {
			users <- r.Version.String() + " " + r.Username
			return dial(func(ctx context.Context, network, address string) (net.Conn, error) {
				if address != "site.i2p:80" {
					return nil, &net.DNSError{Name: address, IsNotFound: true}
				}
				return new(net.Dialer).DialContext(ctx, network, web.Listener.Addr().String())
			}), nil
		},
	}), users
}

// Lesson 2: this client offers both methods when it has credentials.
func TestForeignClientXNetProxy(t *testing.T) {
	address, users := site(t)
	for _, user := range []string{"alice", "bob"} {
		d, err := proxy.SOCKS5("tcp", address, &proxy.Auth{User: user, Password: "pw"}, nil)
		require.NoError(t, err)
		client := http.Client{Transport: &http.Transport{
			DialContext: d.(proxy.ContextDialer).DialContext, DisableKeepAlives: true,
		}}
		resp, err := client.Get("http://site.i2p/")
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 200, resp.StatusCode)
		assert.Equal(t, "SOCKS5 "+user, <-users)

		_, err = client.Get("http://other.i2p/")
		assert.ErrorContains(t, err, "host unreachable")
		assert.Equal(t, "SOCKS5 "+user, <-users)
	}
	d, err := proxy.SOCKS5("tcp", address, &proxy.Auth{User: "eve", Password: "no"}, nil)
	require.NoError(t, err)
	_, err = d.Dial("tcp", "site.i2p:80")
	assert.Error(t, err)
	assert.Empty(t, users)
}

func TestForeignClientNetHTTP(t *testing.T) {
	address, users := site(t)
	client := http.Client{Transport: &http.Transport{
		Proxy:             http.ProxyURL(&url.URL{Scheme: "socks5h", Host: address, User: url.UserPassword("carol", "pw")}),
		DisableKeepAlives: true,
	}}
	resp, err := client.Get("http://site.i2p/")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, "SOCKS5 carol", <-users)
}

func TestForeignClientCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	address, users := site(t)
	run := func(proxy, target string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, curl, "-q", "-sS", "--noproxy", "", "-x", proxy, target).CombinedOutput()
		return string(out), err
	}
	for proxy, user := range map[string]string{
		"socks5h://dave:pw@" + address: "SOCKS5 dave",
		"socks4a://erin:pw@" + address: "", // curl sends the user ID without a password
	} {
		out, err := run(proxy, "http://site.i2p/")
		if user == "" {
			assert.Error(t, err, out)
			continue
		}
		require.NoError(t, err, out)
		assert.Equal(t, "hello from site.i2p", out)
		assert.Equal(t, user, <-users)
	}
	out, err := run("socks4a://erin%3Apw@"+address, "http://site.i2p/")
	require.NoError(t, err, out)
	assert.Equal(t, "SOCKS4a erin", <-users)

	out, err = run("http://"+address, "http://site.i2p/")
	require.NoError(t, err, out)
	assert.Contains(t, out, "This is a SOCKS proxy")
	out, err = run("socks5h://dave:pw@"+address, "http://other.i2p/")
	assert.Error(t, err)
	assert.Contains(t, out, "(4)", "curl names the reply code")
	<-users
}
