package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
)

// start runs the daemon and returns the two lines that it prints when it is ready.
func start(t *testing.T, args ...string) (proxy *url.URL, b32 string, stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, args, w, io.Discard)
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	if !lines.Scan() {
		require.NoError(t, <-ended, "no URL")
	}
	proxy, err := url.Parse(lines.Text())
	require.NoError(t, err)
	require.True(t, lines.Scan(), "no address")
	return proxy, lines.Text(), func() error { cancel(); return <-ended }
}

func TestProxy(t *testing.T) {
	nw := samtest.NewStrict(t)
	site := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	defer site.Close()
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) }))

	dir := t.TempDir()
	hosts := filepath.Join(dir, "hosts.txt")
	require.NoError(t, os.WriteFile(hosts, []byte("mine.i2p="+site.Addr().Destination.Base64()+"\n"), 0o600))
	args := []string{"-listen", "127.0.0.1:0", "-sam", nw.Start(nil).Addr(), "-name", "bot", "-dir", filepath.Join(dir, "state"),
		"-secret", "x", "-hosts", hosts, "-quantity", "1", "-length", "0", "-v"}
	var first string
	for range 2 {
		proxy, b32, stop := start(t, args...)
		if first == "" {
			first = b32
		}
		assert.Equal(t, first, b32, "the identity stays")
		assert.Equal(t, "socks5h", proxy.Scheme)
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
		resp, err := client.Get("http://mine.i2p/")
		require.NoError(t, err)
		page, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Contains(t, string(page), b32)
		resp.Body.Close()
		assert.NoError(t, stop())
	}
}

func TestI2CP(t *testing.T) {
	nw := i2cptest.NewStrict(t)
	site := &i2psocks.Endpoint{I2CP: nw.Start(nil).Addr()}
	defer site.Close()
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) }))
	router := nw.Start(nil)
	proxy, b32, stop := start(t, "-listen", "127.0.0.1:0", "-i2cp", router.Addr(), "-length", "0")
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
	resp, err := client.Get("http://" + ln.Addr().String() + "/")
	require.NoError(t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(page), b32)
	resp.Body.Close()
	assert.NoError(t, stop())

	router.Kill()
	err = run(t.Context(), []string{"-listen", "127.0.0.1:0", "-i2cp", router.Addr()}, io.Discard, io.Discard)
	assert.ErrorContains(t, err, "no I2CP at "+router.Addr())
	err = run(t.Context(), []string{"-listen", "127.0.0.1:0", "-i2cp", router.Addr(), "-sam", "127.0.0.1:1"}, io.Discard, io.Discard)
	assert.ErrorContains(t, err, "both I2CP and one of SAM")
}

func TestNoRouter(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	address := bridge.Addr()
	bridge.Kill()
	err := run(t.Context(), []string{"-listen", "127.0.0.1:0", "-sam", address}, io.Discard, io.Discard)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "no SAM bridge at "+address+": start an I2P router and enable SAM")
	assert.NotContains(t, err.Error(), "\n")
}

func TestBadFlags(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	bad := filepath.Join(t.TempDir(), "hosts.txt")
	require.NoError(t, os.WriteFile(bad, []byte("example.com=AAAA\n"), 0o600))
	for _, args := range []string{
		"-listen 0.0.0.0:0", "-listen 0.0.0.0:0 -secret x", "-listen 0.0.0.0:0 -allow-remote", "-listen example.com:1", "-length 8",
		"-quantity 7", "-quantity -1", "-hosts /nonexistent", "-hosts " + bad, "-status 0.0.0.0:0", "-status localhost:0", "-status 192.0.2.1:80", "-sam router.example.com:7656", "-name a/b -dir " + t.TempDir(), "extra", "-what",
	} {
		err := run(t.Context(), append([]string{"-sam", bridge.Addr(), "-listen", "127.0.0.1:0"}, strings.Fields(args)...), io.Discard, io.Discard)
		assert.Error(t, err, args)
	}
	assert.Zero(t, bridge.Stats().Connections)
	for _, arg := range []string{"-what", "extra"} {
		assert.ErrorIs(t, run(t.Context(), []string{arg}, io.Discard, io.Discard), errUsage, arg)
	}
	var help bytes.Buffer
	assert.Error(t, run(t.Context(), []string{"-h"}, io.Discard, &help))
	for _, flag := range []string{"-listen", "-sam", "-name", "-dir", "-secret", "-hosts", "-quantity", "-length", "-v"} {
		assert.Contains(t, help.String(), "  "+flag, flag)
	}
}

// TestWait: the daemon may be there before its router.
func TestWait(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	address := bridge.Addr()
	bridge.Kill()
	asked := make(chan struct{})
	go func() {
		<-asked
		assert.NoError(t, bridge.Restart())
	}()
	log := &watched{word: "not created", seen: asked}
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-sam", address, "-wait"}, w, log) }()
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	require.True(t, lines.Scan())
	stop()
	assert.NoError(t, <-ended)
}

// TestInterruptedWait: a daemon that is stopped while it waits for its router has not failed.
func TestInterruptedWait(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	address := bridge.Addr()
	bridge.Kill()
	log := &watched{word: "not created", seen: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	context.AfterFunc(t.Context(), stop)
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-sam", address, "-wait"}, io.Discard, log)
	}()
	<-log.seen
	stop()
	assert.NoError(t, <-ended)
}

// watched tells when a word has been written.
type watched struct {
	word string
	seen chan struct{}
	once sync.Once
}

func (w *watched) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.word) {
		w.once.Do(func() { close(w.seen) })
	}
	return len(p), nil
}

// TestBind: who may listen is a choice.
func TestBind(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	for _, flags := range [][]string{nil, {"-bind"}} {
		proxy, b32, stop := start(t, append(flags, "-listen", "127.0.0.1:0", "-sam", bridge.Addr())...)
		for _, user := range []string{"", "carol"} {
			ln, err := (&socks.Dialer{Address: proxy.Host, Username: user}).Listen(t.Context(), "tcp", ":81")
			if flags == nil || user == "" {
				assert.Error(t, err, user)
				continue
			}
			require.NoError(t, err, user)
			assert.NotEqual(t, b32+":81", ln.Addr().String())
			ln.Close()
		}
		assert.NoError(t, stop())
	}
}

// TestStatus: the page is there for this machine, tells of the daemon, and holds no secret.
func TestStatus(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	address := make(chan string, 1)
	log := &said{word: regexp.MustCompile(`status page: (\S+)`), found: address}
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-sam", bridge.Addr(), "-secret", "hunter2", "-status", "127.0.0.1:0"}, w, log)
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	require.True(t, lines.Scan())
	b32 := lines.Text()
	url := <-address
	resp, err := http.Get(url)
	require.NoError(t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, string(page), "Ready.")
	assert.NotContains(t, string(page), b32)
	assert.NotContains(t, string(page), "hunter2")
	stop()
	assert.NoError(t, <-ended)
	_, err = http.Get(url)
	assert.Error(t, err, "it ends with the daemon")
	http.DefaultClient.CloseIdleConnections()
}

// said passes on what a word matches in what is written.
type said struct {
	word  *regexp.Regexp
	found chan string
}

func (s *said) Write(p []byte) (int, error) {
	if m := s.word.FindSubmatch(p); m != nil {
		s.found <- string(m[1])
	}
	return len(p), nil
}
