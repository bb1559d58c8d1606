package i2psocks_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
)

// TestI2PGzip: what a Java router compresses for the way comes out as it was, and one that lies is an error.
func TestI2PGzip(t *testing.T) { overBoth(t, testI2PGzip) }

func testI2PGzip(t *testing.T, nw *network) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, strings.Repeat("text ", 1000))
	require.NoError(t, w.Close())
	site := raw(t, nw, func(request string) string {
		body := packed.String()
		switch {
		case strings.HasPrefix(request, "GET /cut "):
			body = body[:20]
		case strings.HasPrefix(request, "GET /lie "):
			body = "not packed"
		case strings.HasPrefix(request, "HEAD "):
			body = ""
		}
		return "HTTP/1.1 200 OK\r\nContent-Encoding: x-i2p-gzip\r\nContent-Length: " + fmt.Sprint(packed.Len()) + "\r\n\r\n" + body
	})
	client := nw.endpoint(t).HTTPClient()
	resp, err := client.Get("http://" + site.Addr().Host)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("text ", 1000), string(text))
	assert.Empty(t, resp.Header)
	assert.True(t, resp.Uncompressed)
	assert.EqualValues(t, -1, resp.ContentLength)
	for _, path := range []string{"/cut", "/lie"} {
		resp, err := client.Get("http://" + site.Addr().Host + path)
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		assert.Error(t, err, path)
		assert.NoError(t, resp.Body.Close())
	}
	resp, err = client.Head("http://" + site.Addr().Host)
	require.NoError(t, err)
	text, err = io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.Empty(t, text)
	assert.NoError(t, resp.Body.Close())
}

// TestUpgrade: a request for another protocol gets through, and its stream.
func TestUpgrade(t *testing.T) { overBoth(t, testUpgrade) }

func testUpgrade(t *testing.T, nw *network) {
	site := raw(t, nw, func(request string) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n" + request
	})
	req, err := http.NewRequest(http.MethodGet, "http://"+site.Addr().Host, nil)
	require.NoError(t, err)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	resp, err := nw.endpoint(t).HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "GET / HTTP/1.1\r\nHost: "+site.Addr().Host+"\r\nAccept: */*\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"+
		strings.Replace(atTheEnd, "Connection: close\r\n", "", 1), string(got))
}

// closing is a body that notes its end.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// TestOddRequests: what net/http refuses is refused here, and bodies are closed.
func TestOddRequests(t *testing.T) { overBoth(t, testOddRequests) }

func testOddRequests(t *testing.T, nw *network) {
	rt := nw.endpoint(t).HTTPClient().Transport
	target, err := url.Parse("http://unknown.i2p/")
	require.NoError(t, err)
	for name, req := range map[string]*http.Request{
		"no header":    {Method: "GET", URL: target},
		"no URL":       {Method: "GET", Header: http.Header{}},
		"no host":      {Method: "GET", Header: http.Header{}, URL: &url.URL{Scheme: "http"}},
		"other scheme": {Method: "GET", Header: http.Header{}, URL: &url.URL{Scheme: "ftp", Host: "a.i2p"}},
		"bad header":   {Method: "GET", Header: http.Header{"A\r\nB": {"x"}}, URL: target},
	} {
		body := &closing{Reader: strings.NewReader("x")}
		req.Body = body
		_, err := rt.RoundTrip(req.WithContext(t.Context()))
		assert.Error(t, err, name)
		assert.True(t, body.closed, name)
	}
}

// FuzzArrange: no line is lost, made or changed, and the request line and the end stay where they are.
func FuzzArrange(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nAccept: */*\r\nX-Accept-Encoding: c\r\nConnection: close\r\n\r\n")
	f.Add("GET / HTTP/1.1\r\n\r\n")
	f.Fuzz(func(t *testing.T, head string) {
		end := strings.Index(head, "\r\n\r\n")
		if end < 0 {
			return
		}
		head = head[:end+4]
		got := string(i2psocks.Arrange([]byte(head)))
		before, after := strings.Split(head, "\r\n"), strings.Split(got, "\r\n")
		assert.Equal(t, before[0], after[0])
		assert.True(t, strings.HasSuffix(got, "\r\n\r\n"))
		slices.Sort(before)
		slices.Sort(after)
		assert.Equal(t, before, after)
		assert.Equal(t, got, string(i2psocks.Arrange([]byte(got))), "once is enough")
	})
}

// TestHostOfBackends: a backend that cannot look up serves web clients all the same, whatever is around it.
func TestHostOfBackends(t *testing.T) { overBoth(t, testHostOfBackends) }

func testHostOfBackends(t *testing.T, nw *network) {
	site := raw(t, nw, page)
	nw.setHost("theirs.i2p", site.Addr().Destination)
	on := func(b dialer.Backend) *i2psocks.Endpoint {
		ep := endpoint(t, "")
		ep.Backend = b
		return ep
	}
	session := func() dialer.Backend { return nw.start().session() }
	type plain struct{ dialer.Backend }
	isolating := nw.endpoint(t)
	isolating.Isolation.New = func(context.Context) (dialer.Backend, error) { return plain{session()}, nil }
	for name, ep := range map[string]*i2psocks.Endpoint{
		"session":                     on(session()),
		"endpoint":                    on(nw.endpoint(t)),
		"plain backend":               on(plain{session()}),
		"endpoint on a plain backend": on(&i2psocks.Endpoint{Backend: plain{session()}}),
		"isolated plain backend":      on(isolating.Isolate("alice")),
	} {
		want := "Host: " + site.Addr().Host
		if strings.Contains(name, "plain") {
			want = "Host: theirs.i2p"
		}
		assert.Contains(t, get(t, ep.HTTPClient(), "http://theirs.i2p/"), want, name)
	}
}
