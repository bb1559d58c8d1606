package i2psocks_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// countQuestions counts what is asked of the system's name servers, none of which is reached.
func countQuestions(t *testing.T) *atomic.Int64 {
	asked := new(atomic.Int64)
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no name server here")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
	_, err := net.LookupHost("counted.example")
	require.Error(t, err)
	require.Positive(t, asked.Swap(0), "questions are seen")
	return asked
}

// TestReverseProxy: what docs/serve.md and docs/hosts.md say of net/http's reverse proxy, in front of a site in I2P and behind a client
// of this machine. No name server is asked.
func TestReverseProxy(t *testing.T) { overBoth(t, testReverseProxy) }

func testReverseProxy(t *testing.T, nw *network) {
	asked := countQuestions(t)
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("X-Forwarded-For"))
	}))
	defer behind.Close()
	target, err := url.Parse(behind.URL)
	require.NoError(t, err)
	local := &http.Transport{}
	defer local.CloseIdleConnections()

	visitor := nw.endpoint(t)
	for name, tc := range map[string]struct {
		proxy *httputil.ReverseProxy
		tells bool
	}{
		"SetXForwarded": {&httputil.ReverseProxy{Transport: local, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() }}, true},
		"Rewrite":       {&httputil.ReverseProxy{Transport: local, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}, false},
	} {
		site := nw.endpoint(t)
		seen := make(chan string, 1)
		serve(t, site, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen <- r.RemoteAddr
			tc.proxy.ServeHTTP(w, r)
		}))
		resp, err := visitor.HTTPClient().Get("http://" + site.Addr().Host + "/")
		require.NoError(t, err, name)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		host, _, err := net.SplitHostPort(<-seen)
		require.NoError(t, err)
		assert.Equal(t, visitor.Addr().Host, host, "the key for limits")
		if tc.tells {
			assert.Equal(t, host, string(body))
		} else {
			assert.Empty(t, body)
		}

		into := &url.URL{Scheme: "http", Host: "hidden.i2p"}
		nw.setHost("hidden.i2p", site.Addr().Destination)
		outward := &http.Transport{DialContext: visitor.DialContext, DisableKeepAlives: true}
		front := httptest.NewServer(&httputil.ReverseProxy{Transport: outward, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(into) }})
		resp, err = front.Client().Get(front.URL)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		<-seen
		front.Close()
	}
	assert.Zero(t, asked.Load())
}
