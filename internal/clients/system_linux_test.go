package clients_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var systemClients = slices.Concat(envClients, pipeClients, wrapperClients, sshClients, browserClients)

// pipeClients connect their standard input and output.
var pipeClients = []client{
	{"ncat socks5", []string{"ncat"}, open, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.pipes(t, "ncat", "--proxy", w.proxy.Host, "--proxy-type", "socks5", "--proxy-dns", "remote", w.web, "80")
	}},
	{"ncat socks5, secret", []string{"ncat"}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.pipes(t, "ncat", "--proxy", w.proxy.Host, "--proxy-type", "socks5", "--proxy-dns", "remote", "--proxy-auth", w.proxy.User.String(), w.web, "80")
	}},
	{"ncat socks4", []string{"ncat"}, open, []string{"SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		w.pipes(t, "ncat", "--proxy", w.proxy.Host, "--proxy-type", "socks4", "--proxy-dns", "remote", w.web, "80")
	}},
	{"nc -X 5", []string{"nc.openbsd"}, open, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.pipes(t, "nc.openbsd", "-X", "5", "-x", w.proxy.Host, w.web, "80")
	}},
	{"nc -X 4", []string{"nc.openbsd"}, virtual, []string{"SOCKS5 RESOLVE name", "SOCKS4 CONNECT virtual address", "SOCKS4 CONNECT address"}, func(t *testing.T, w *world) {
		w.pipes(t, "nc.openbsd", "-X", "4", "-x", w.proxy.Host, w.resolve(t, w.web), "80")
		_, err := w.run(t, "nc.openbsd", "-X", "4", "-x", w.proxy.Host, "192.0.2.1", "80")
		assert.Error(t, err)
	}},
	{"socat SOCKS4A", []string{"socat"}, open, []string{"SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		w.pipes(t, "socat", "-", fmt.Sprintf("SOCKS4A:%s:%s:80,socksport=%s,socksuser=", w.proxy.Hostname(), w.web, w.proxy.Port()))
	}},
	{"socat SOCKS4A, secret", []string{"socat"}, secret, []string{"SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		user := strings.ReplaceAll(w.proxy.User.String(), ":", `\:`)
		w.pipes(t, "socat", "-", fmt.Sprintf(`SOCKS4A:%s:%s:80,socksport=%s,socksuser=%s`, w.proxy.Hostname(), w.web, w.proxy.Port(), user))
	}},
}

// wrapperClients make other programs use a proxy, or ask one for addresses.
var wrapperClients = []client{
	{"proxychains4 socks5", []string{"proxychains4", "curl"}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		password, _ := w.proxy.User.Password()
		proxychains(t, w, "socks5", w.proxy.User.Username()+" "+password)
	}},
	{"proxychains4 socks4", []string{"proxychains4", "curl"}, open, []string{"SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		proxychains(t, w, "socks4", "")
	}},
	{"torsocks", []string{"torsocks", "curl"}, virtual, []string{"SOCKS5 RESOLVE name", "SOCKS5 CONNECT virtual address as a name"}, func(t *testing.T, w *world) {
		conf := file(t, "torsocks.conf", fmt.Sprintf("TorAddress %s\nTorPort %s\nIsolatePID 0\n", w.proxy.Hostname(), w.proxy.Port()))
		out, err := w.output(t, []string{"TORSOCKS_CONF_FILE=" + conf}, "torsocks", "curl", "-q", "-sSf", w.url())
		require.NoError(t, err)
		w.got(t, out)
	}},
	{"tor-resolve -5", []string{"tor-resolve"}, virtual, []string{"SOCKS5 RESOLVE name", "SOCKS5 RESOLVE_PTR virtual address"}, func(t *testing.T, w *world) {
		ip := torResolve(t, w, "-5")
		out, err := w.run(t, "tor-resolve", "-x", "-5", ip, w.proxy.Host)
		require.NoError(t, err)
		assert.Equal(t, w.web, strings.TrimSpace(out))
	}},
	{"tor-resolve -4", []string{"tor-resolve"}, virtual, []string{"SOCKS4a RESOLVE name"}, func(t *testing.T, w *world) {
		torResolve(t, w, "-4")
	}},
}

func proxychains(t *testing.T, w *world, kind, user string) {
	conf := file(t, "proxychains.conf", fmt.Sprintf("strict_chain\nproxy_dns\nremote_dns_subnet 224\n[ProxyList]\n%s %s %s %s\n",
		kind, w.proxy.Hostname(), w.proxy.Port(), user))
	w.fetches(t, "proxychains4", "-q", "-f", conf, "curl", "-q", "-sSf", w.url())
}

func torResolve(t *testing.T, w *world, version string) (ip string) {
	out, err := w.run(t, "tor-resolve", version, w.web, w.proxy.Host)
	require.NoError(t, err)
	addr, err := netip.ParseAddr(strings.TrimSpace(out))
	require.NoError(t, err)
	assert.True(t, virtualPrefix.Contains(addr), addr)
	return addr.String()
}

func file(t *testing.T, name, text string) (path string) {
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

var browserClients = []client{
	{"chromium", []string{"chromium"}, open, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.fetches(t, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--proxy-server=socks5://"+w.proxy.Host,
			"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--dump-dom", w.url())
	}},
}
