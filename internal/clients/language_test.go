package clients_test

import (
	"bufio"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	python  = "/usr/bin/python3" // Debian's, which has its packages
	pySocks = "/usr/lib/python3/dist-packages/socks.py"
	// nodeModules is where .ci/clients puts the packages of npm.
	nodeModules = "../../.ci/cache/clients/node_modules"
	source      = "testdata/"
)

// languageClients are small programs in other languages, with the libraries most used there.
var languageClients = []client{
	{"Java java.net.Proxy", []string{"java"}, open, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.fetches(t, "java", source+"Fetch.java", "socket", w.proxy.Hostname(), w.proxy.Port(), w.web)
	}},
	{"Java java.net.Proxy, secret", []string{"java"}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		password, _ := w.proxy.User.Password()
		w.fetches(t, "java", source+"Fetch.java", "url", w.proxy.Hostname(), w.proxy.Port(), w.web, w.proxy.User.Username(), password)
	}},
	{"Python PySocks", []string{python, pySocks}, open, []string{"SOCKS5 CONNECT name", "SOCKS4a CONNECT name"}, func(t *testing.T, w *world) {
		w.fetches(t, python, source+"fetch.py", "5", w.proxy.Hostname(), w.proxy.Port(), w.web)
		w.fetches(t, python, source+"fetch.py", "4", w.proxy.Hostname(), w.proxy.Port(), w.web)
	}},
	{"Python PySocks, secret", []string{python, pySocks}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		password, _ := w.proxy.User.Password()
		w.fetches(t, python, source+"fetch.py", "5", w.proxy.Hostname(), w.proxy.Port(), w.web, w.proxy.User.Username(), password)
	}},
	{"Node socks-proxy-agent", []string{"node", nodeModules}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		page, err := w.node(t, "agent", w.proxy.String(), w.url())
		require.NoError(t, err)
		w.got(t, page)
	}},
	{"Node socks", []string{"node", nodeModules}, open, []string{"SOCKS4a CONNECT name", "SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		page, err := w.node(t, "connect", w.proxy.Hostname(), w.proxy.Port(), w.web)
		require.NoError(t, err)
		w.got(t, page)
	}},
	{"Node socks, bind", []string{"node", nodeModules}, open, []string{"SOCKS5 BIND anybody"}, nodeBinds},
	{"Node socks, UDP", []string{"node", nodeModules}, datagrams, []string{"SOCKS5 UDP ASSOCIATE anybody"}, func(t *testing.T, w *world) {
		out, err := w.node(t, "udp", w.proxy.Hostname(), w.proxy.Port(), w.post, "a datagram")
		require.NoError(t, err)
		assert.Equal(t, w.post+"\na datagram\n", out)
	}},
}

// node runs testdata/socks.js.
func (w *world) node(t *testing.T, args ...string) (stdout string, err error) {
	return w.output(t, nodePath(t), "node", append([]string{source + "socks.js"}, args...)...)
}

func nodePath(t *testing.T) []string {
	dir, err := filepath.Abs(nodeModules)
	require.NoError(t, err)
	return []string{"NODE_PATH=" + dir}
}

func nodeBinds(t *testing.T, w *world) {
	cmd, complaints := w.prepare(t, nodePath(t), "node", source+"socks.js", "bind", w.proxy.Hostname(), w.proxy.Port())
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	r := bufio.NewReader(out)
	bound := line(t, r)
	assert.True(t, strings.HasPrefix(bound, w.visitor+":"), bound)
	conn, err := w.dial(t.Context(), bound)
	require.NoError(t, err)
	io.WriteString(conn, "from the peer")
	conn.Close()
	assert.Equal(t, w.peer, line(t, r))
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "from the peer\n", string(text))
	assert.NoError(t, cmd.Wait(), complaints)
}
