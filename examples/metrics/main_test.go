package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
)

// serveSite runs a site whose page is 1000 bytes, and closes streams after it.
func serveSite(t *testing.T, sam string) (host string) {
	site := &i2psocks.Endpoint{SAM: sam}
	t.Cleanup(func() { assert.NoError(t, site.Close()) })
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		io.WriteString(w, strings.Repeat("x", 1000))
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return site.Addr().Host
}

// start runs the daemon until the test ends.
func start(t *testing.T, sam string) (proxy *url.URL, numbers string) {
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-sam", sam, "-listen", "127.0.0.1:0", "-metrics", "127.0.0.1:0"}, w, io.Discard)
		w.Close()
	}()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	proxy, err := url.Parse(lines.Text())
	require.NoError(t, err)
	require.True(t, lines.Scan())
	return proxy, lines.Text()
}

func get(t *testing.T, client *http.Client, address string) string {
	resp, err := client.Get(address)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func TestMetrics(t *testing.T) {
	nw := samtest.NewStrict(t)
	host := serveSite(t, nw.Start(nil).Addr())
	proxy, numbers := start(t, nw.Start(nil).Addr())
	local := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	assert.Contains(t, get(t, local, numbers+"/metrics"), `i2psocks_session_state{state="idle"} 1`)

	visitor := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
	assert.Len(t, get(t, visitor, "http://"+host+"/"), 1000)
	_, err := visitor.Get("http://example.com/")
	require.Error(t, err)

	var text string
	require.Eventually(t, func() bool { // the server notices a moment after the client that a stream is over
		text = get(t, local, numbers+"/metrics")
		return strings.Contains(text, "i2psocks_clients 0\n")
	}, 10*time.Second, 10*time.Millisecond)
	for _, want := range []string{
		"i2psocks_connections_total 2\n",
		`i2psocks_requests_total{command="CONNECT",result="succeeded",version="SOCKS5"} 1` + "\n",
		`i2psocks_requests_total{command="CONNECT",result="` + socks.NotAllowed.String() + `",version="SOCKS5"} 1` + "\n",
		`i2psocks_wait_seconds_count{command="CONNECT"} 2` + "\n",
		`i2psocks_session_state{state="up"} 1` + "\n",
		`i2psocks_session_state{state="idle"} 0` + "\n",
		"\ni2psocks_streams ",
	} {
		assert.Contains(t, text, want)
	}
	assert.Regexp(t, `i2psocks_stream_bytes_total\{direction="received"\} 1\d\d\d\n`, text)

	page := get(t, local, numbers+"/debug/vars")
	var vars struct {
		I2PSOCKS struct {
			State string
			SOCKS socks.Status
		}
	}
	require.NoError(t, json.Unmarshal([]byte(page), &vars))
	assert.Equal(t, "up", vars.I2PSOCKS.State)
	assert.EqualValues(t, []uint64{2, 1}, []uint64{vars.I2PSOCKS.SOCKS.Requests, vars.I2PSOCKS.SOCKS.Failed})
	secret, _ := proxy.User.Password()
	for _, word := range []string{host[:20], "b32.i2p", "example.com", secret, "cmdline"} {
		assert.NotContains(t, text+page, word)
	}
}

func TestCommandLabels(t *testing.T) {
	labels := make(map[string]bool)
	for c := range 256 {
		labels[commandLabel(socks.Command(c))] = true
	}
	assert.Len(t, labels, 6)
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"-listen", "0.0.0.0:0"}, {"-listen", "127.0.0.1:0", "-metrics", "nowhere"}, {"-what"}} {
		assert.Error(t, run(t.Context(), args, io.Discard, io.Discard), args)
	}
}
