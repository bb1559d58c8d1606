package clients_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var curlClients = []client{
	{"curl socks5h", []string{"curl"}, open, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.fetches(t, "curl", "-q", "-sSf", "--socks5-hostname", w.proxy.Host, w.url())
		w.fetches(t, "curl", "-q", "-sSf", "--proxy", w.proxy.String(), w.url())
	}},
	{"curl socks5h, secret", []string{"curl"}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.fetches(t, "curl", "-q", "-sSf", "--proxy", w.proxy.String(), w.url())
		out, err := w.run(t, "curl", "-q", "-sSf", "--socks5-hostname", w.proxy.Host, "--proxy-user", "somebody:guess", w.url())
		assert.ErrorContains(t, err, "exit status 97")
		assert.Empty(t, out)
	}},
	{"curl socks4a", []string{"curl"}, open, []string{"SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		w.fetches(t, "curl", "-q", "-sSf", "--socks4a", w.proxy.Host, w.url())
	}},
	{"curl socks4a, secret", []string{"curl"}, secret, []string{"SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		password, _ := w.proxy.User.Password()
		w.fetches(t, "curl", "-q", "-sSf", "--socks4a", w.proxy.User.Username()+"%3A"+password+"@"+w.proxy.Host, w.url())
	}},
	{"curl, unix socket", []string{"curl"}, unix, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.fetches(t, "curl", "-q", "-sSf", "--proxy", w.proxy.String(), w.url())
	}},
	{"curl socks5", []string{"curl"}, virtual, []string{"SOCKS5 CONNECT address", "SOCKS5 RESOLVE name", "SOCKS5 CONNECT virtual address"},
		func(t *testing.T, w *world) { resolvesItself(t, w, "--socks5", "(8)") }},
	{"curl socks4", []string{"curl"}, virtual, []string{"SOCKS4 CONNECT address", "SOCKS5 RESOLVE name", "SOCKS4 CONNECT virtual address"},
		func(t *testing.T, w *world) { resolvesItself(t, w, "--socks4", "(91)") }},
}

// resolvesItself is curl when it sends addresses, here from a table as no DNS may be asked: one that
// the site might have in the clear net is refused, its virtual one is good.
func resolvesItself(t *testing.T, w *world, way, code string) {
	fetch := func(ip string) (string, error) {
		return w.run(t, "curl", "-q", "-sSf", way, w.proxy.Host, "--resolve", w.web+":80:"+ip, w.url())
	}
	out, err := fetch("192.0.2.1")
	require.ErrorContains(t, err, "exit status 97")
	assert.ErrorContains(t, err, code)
	assert.Empty(t, out)
	out, err = fetch(w.resolve(t, w.web))
	require.NoError(t, err)
	w.got(t, out)
}
