package clients_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// envClients are told of the port by their environment, which had other plans for them.
var envClients = []client{
	{"curl, environment", []string{"curl"}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		out, err := w.child(t, "curl", "-q", "-sSf", w.url())
		require.NoError(t, err)
		w.got(t, out)
	}},
	{"Go net/http, environment", nil, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		self, err := os.Executable()
		require.NoError(t, err)
		page := filepath.Join(t.TempDir(), "page")
		_, err = w.child(t, self, "-test.run=^TestFetchAsAChild$", "-test.v", "-test.timeout=2m", childFetches, w.url(), page)
		require.NoError(t, err)
		got, err := os.ReadFile(page)
		require.NoError(t, err)
		w.got(t, string(got))
	}},
	{"git, environment", []string{"git"}, secret, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		w.child(t, "git", "ls-remote", w.url()) // what matters is where it asks: the page is no repository
	}},
	{"Python requests, environment", []string{python, pySocks, "/usr/lib/python3/dist-packages/requests"}, secret, []string{"SOCKS5 CONNECT name"},
		func(t *testing.T, w *world) {
			out, err := w.child(t, python, "-c", "import sys, requests; sys.stdout.write(requests.get(sys.argv[1]).text)", w.url())
			require.NoError(t, err)
			w.got(t, out)
		}},
	{"Python urllib, environment", []string{python}, secret, nil, func(t *testing.T, w *world) {
		_, err := w.child(t, python, "-c", "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])", w.url())
		assert.ErrorContains(t, err, "unknown url type: socks5h")
	}},
	{"wget, environment", []string{"wget"}, secret, nil, func(t *testing.T, w *world) {
		out, err := w.child(t, "wget", "-q", "-O-", w.url())
		assert.Error(t, err)
		assert.Empty(t, out)
	}},
}

// childFetches is the argument by which a test binary is TestFetchAsAChild alone.
const childFetches = "child-fetches"

// TestFetchAsAChild is a Go program that fetches a page as its environment says.
func TestFetchAsAChild(t *testing.T) {
	args := os.Args[1:]
	for len(args) > 0 && args[0] != childFetches {
		args = args[1:]
	}
	if len(args) != 3 {
		t.Skip("not a child")
	}
	resp, err := (&http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}).Get(args[1])
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(args[2], page, 0o600))
}

// traps are other ways than the port, and count who takes them.
type traps struct {
	proxy, dns string // addresses; dns is empty where there is no privilege for it
	caught     atomic.Int32
}

func newTraps(t *testing.T) *traps {
	tr := new(traps)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	tr.proxy = "http://" + ln.Addr().String()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			tr.caught.Add(1)
			conn.Close()
		}
	}()
	where := random(2)
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 77, where[0], where[1]), Port: 53}) // resolv.conf has no ports
	if err != nil || os.Getuid() != 0 {
		t.Log("DNS is not watched:", err)
		return tr
	}
	t.Cleanup(func() { pc.Close() })
	tr.dns = pc.LocalAddr().(*net.UDPAddr).IP.String()
	go func() {
		for buf := make([]byte, 512); ; {
			if _, _, err := pc.ReadFrom(buf); err != nil {
				return
			}
			tr.caught.Add(1)
		}
	}()
	return tr
}

// hostile is an environment in which many ways lead past a port.
func (tr *traps) hostile(t *testing.T) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_TERMINAL_PROMPT=0"}
	for _, name := range []string{
		"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "ftp_proxy", "socks_proxy", "Http_Proxy",
		"npm_config_proxy", "CARGO_HTTP_PROXY", "RSYNC_PROXY", "PIP_PROXY",
	} {
		env = append(env, name+"="+tr.proxy)
	}
	return append(env, "no_proxy=*", "NO_PROXY=.i2p,i2p,*", "npm_config_noproxy=*", "GIT_PROXY_COMMAND=false")
}

// run runs a program that asks the trap's DNS.
func (tr *traps) run(t *testing.T, env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	args = append([]string{name}, args...)
	if tr.dns != "" {
		conf := file(t, "resolv.conf", "nameserver "+tr.dns+"\noptions timeout:1 attempts:1\n")
		args = append([]string{"unshare", "-m", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, conf}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.WaitDelay = env, 5*time.Second
	out, err := cmd.Output()
	return string(out), explainExit(err)
}

// child runs a program as a host that had a hostile environment runs it, and sees to it that it goes nowhere else.
func (w *world) child(t *testing.T, name string, args ...string) (stdout string, err error) {
	t.Helper()
	tr := newTraps(t)
	out, err := tr.run(t, w.env(tr.hostile(t)), name, args...)
	assert.Zero(t, tr.caught.Load(), "past the port")
	return out, err
}

// TestHostileEnvironment: without Env, each of the traps catches.
func TestHostileEnvironment(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	ep := endpoint(t, "")
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	for name, drop := range map[string]string{"a proxy of lower case": "o_proxy", "no_proxy": "p_proxy"} {
		tr := newTraps(t)
		if tr.dns == "" && name == "no_proxy" {
			continue
		}
		var env []string
		for _, entry := range tr.hostile(t) {
			if !containsFold(entry, drop) {
				env = append(env, entry)
			}
		}
		_, err := tr.run(t, append(env, "ALL_PROXY="+px.URL().String()), "curl", "-q", "-sS", "http://a.i2p/")
		assert.Error(t, err)
		assert.Positive(t, tr.caught.Load(), name)
	}
	assert.Zero(t, px.Status().Requests)
}
