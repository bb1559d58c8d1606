package clients_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/socks"
)

var goClients = []client{
	{"Go socks.Dialer", nil, open, []string{"SOCKS5 CONNECT name", "SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		for _, v := range []socks.Version{socks.SOCKS5, socks.SOCKS4a} {
			d := &socks.Dialer{Address: w.proxy.Host, Forward: w.direct, Version: v}
			w.got(t, get(t, &http.Client{Transport: &http.Transport{DialContext: d.DialContext}}, w.url()))
		}
	}},
	{"Go x/net/proxy", nil, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		password, _ := w.proxy.User.Password()
		d, err := proxy.SOCKS5("tcp", w.proxy.Host, &proxy.Auth{User: w.proxy.User.Username(), Password: password}, w.direct)
		require.NoError(t, err)
		w.got(t, get(t, &http.Client{Transport: &http.Transport{DialContext: d.(proxy.ContextDialer).DialContext}}, w.url()))
	}},
	{"Go net/http", nil, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		for _, scheme := range []string{"socks5h", "socks5"} {
			u := *w.proxy
			u.Scheme = scheme
			w.got(t, get(t, &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&u), DialContext: w.direct}}, w.url()))
		}
		bad := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "socks5h", Host: w.proxy.Host}), DialContext: w.direct}}
		_, err := bad.Get(w.url())
		assert.Error(t, err, "without the secret")
	}},
}

// Dial makes a forward a [proxy.Dialer].
func (f forward) Dial(network, address string) (net.Conn, error) {
	return f(context.Background(), network, address)
}
