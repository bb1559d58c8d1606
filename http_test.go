package i2psocks_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
)

// raw returns an endpoint on which each request is answered with what answer makes of its bytes.
func raw(t *testing.T, nw *network, answer func(request string) string) *i2psocks.Endpoint {
	site := nw.endpoint(t)
	for _, port := range []string{":80", ":81"} {
		ln, err := site.Listen(t.Context(), "tcp", port)
		require.NoError(t, err)
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				go answerRaw(conn, answer)
			}
		}()
	}
	return site
}

func answerRaw(conn net.Conn, answer func(request string) string) {
	defer conn.Close()
	var request strings.Builder
	req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &request)))
	if err != nil {
		return
	}
	io.Copy(io.Discard, req.Body)
	io.WriteString(conn, answer(request.String()))
}

// page is an answer that holds a text.
func page(text string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

const (
	atTheEnd = "X-Accept-Encoding: x-i2p-gzip;q=1.0, identity;q=0.5, deflate;q=0, gzip;q=0, *;q=0\r\n" + "User-Agent: MYOB/6.66 (AN/ON)\r\n" + "Connection: close\r\n\r\n"
	firefox  = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// TestHTTPRequest: what a site gets is, byte for byte, what I2PTunnelHTTPClient sends for a program such as curl; SITE stands for
// its base32 name.
func TestHTTPRequest(t *testing.T) { overBoth(t, testHTTPRequest) }

func testHTTPRequest(t *testing.T, nw *network) {
	site, visitor := raw(t, nw, page), nw.endpoint(t)
	visitor.Hosts = map[string]string{"mine.i2p": site.Addr().Host}
	nw.setHost("theirs.i2p", site.Addr().Destination)
	nw.setHost("xn--mgbh0fb.i2p", site.Addr().Destination)
	header := func(lines ...string) http.Header {
		h := make(http.Header)
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
		}
		return h
	}
	for name, tc := range map[string]struct {
		method, url string
		header      http.Header
		body        io.Reader
		host        string
		want        string
	}{
		"nothing special":    {url: "http://SITE/", want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"name of our own":    {url: "http://mine.i2p/a?b=c#d", want: "GET /a?b=c HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"name of the router": {url: "http://Theirs.i2p", want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"international name": {url: "http://مثال.i2p", want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"port and own Host":  {url: "http://mine.i2p:81/", host: "other.i2p", want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"post": {
			method: "POST", url: "http://SITE/", body: strings.NewReader("a=b"), header: header("Content-Type: text/plain", "Cookie: x=y"),
			want: "POST / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nCookie: x=y\r\n" + atTheEnd + "a=b",
		},
		"post of unknown length": {
			method: "POST", url: "http://SITE/", body: io.MultiReader(strings.NewReader("a=b")),
			want: "POST / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\n" + atTheEnd + "3\r\na=b\r\n0\r\n\r\n",
		},
		"behind a reverse proxy": {
			url: "http://SITE/", header: header(
				"Accept: text/html,application/xml;q=0.9", "Accept-Language: de-CH", "Accept-Encoding: gzip, deflate", "Via: 1.1 home", "From: me@example.com",
				"Forwarded: for=192.0.2.1", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: x", "X-Real-Ip: 192.0.2.1", "Proxy-Authorization: Basic eDp5",
				"Proxy-Connection: keep-alive", "Keep-Alive: 300", "Connection: keep-alive", "Authorization: NTLM TlRMTVNTUAAB", "Referer: http://other.i2p/secret"),
			want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: " + firefox + "\r\nAccept-Encoding: gzip, deflate\r\n" + atTheEnd,
		},
		"behind other reverse proxies": {
			url: "http://SITE/", header: header(
				"X-Originating-Ip: 192.0.2.1", "Cf-Connecting-Ip: 192.0.2.1", "Cf-Ipcountry: CH", "X-Cluster-Client-Ip: 192.0.2.1", "Fastly-Client-Ip: 192.0.2.1",
				"X-Original-Forwarded-For: 192.0.2.1", "X-Remote-Addr: 192.0.2.1", "X-Remote-Ip: 192.0.2.1", "Cdn-Loop: cloudflare", "Authorization: Negotiate YII="),
			want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd,
		},
		"names in lower case": {
			url: "http://SITE/", header: http.Header{
				"user-agent": {"bot/1"}, "host": {"mine.i2p"}, "accept": {"a/b"}, "x-accept-encoding": {"br"}, "x-forwarded-for": {"192.0.2.1"}, "x-other": {"y"}, "X-Other": {"x"},
			},
			want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: a/b\r\nX-Other: x\r\nX-Other: y\r\n" + strings.Replace(atTheEnd, "MYOB/6.66 (AN/ON)", "bot/1", 1),
		},
		"referer of the site":     {url: "http://mine.i2p/b", header: header("Referer: http://mine.i2p/a?q"), want: "GET /b HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\nReferer: /a?q\r\n" + atTheEnd},
		"referer of another port": {url: "http://mine.i2p/b", header: header("Referer: http://mine.i2p:81/a"), want: "GET /b HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"referer without a path":  {url: "http://mine.i2p/b", header: header("Referer: http://mine.i2p"), want: "GET /b HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\nReferer: /\r\n" + atTheEnd},
		"malformed referer":       {url: "http://mine.i2p/b", header: header("Referer: http://%zz"), want: "GET /b HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"authorization":           {url: "http://SITE/", header: header("Authorization: Basic eDp5"), want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\nAuthorization: Basic eDp5\r\n" + atTheEnd},
		"images":                  {url: "http://SITE/", header: header("Accept: image/avif,*/*"), want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: image/webp,image/apng,image/*,*/*;q=0.8\r\n" + atTheEnd},
		"style":                   {url: "http://SITE/", header: header("Accept: text/css"), want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: text/css,*/*;q=0.1\r\n" + atTheEnd},
		"other types":             {url: "http://SITE/", header: header("Accept: application/json"), want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: application/json\r\n" + atTheEnd},
		"empty headers":           {url: "http://SITE/", header: http.Header{"Referer": {}, "Accept": nil}, want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"no agent":                {url: "http://SITE/", header: header("User-Agent: "), want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + atTheEnd},
		"agent of its own": {
			url: "http://SITE/", header: header("User-Agent: bot/1"),
			want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\n" + strings.Replace(atTheEnd, "MYOB/6.66 (AN/ON)", "bot/1", 1),
		},
		"large": {
			url: "http://SITE/", header: header("Z: " + strings.Repeat("z", 20_000)),
			want: "GET / HTTP/1.1\r\nHost: SITE\r\nAccept: */*\r\nZ: " + strings.Repeat("z", 20_000) + "\r\n" + atTheEnd,
		},
	} {
		t.Run(name, func(t *testing.T) {
			method := tc.method
			if method == "" {
				method = http.MethodGet
			}
			req, err := http.NewRequestWithContext(t.Context(), method, strings.ReplaceAll(tc.url, "SITE", site.Addr().Host), tc.body)
			require.NoError(t, err)
			if tc.header != nil {
				req.Header = tc.header
			}
			req.Host = cmp.Or(tc.host, req.Host)
			before := req.Header.Clone()
			resp, err := visitor.HTTPClient().Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, strings.ReplaceAll(tc.want, "SITE", site.Addr().Host), string(got))
			assert.Equal(t, before, req.Header, "the request is not changed")
			assert.Same(t, req, resp.Request)
		})
	}
}

// TestRedirect: the next site does not learn where its visitor was.
func TestRedirect(t *testing.T) {
	t.Parallel()
	overBoth(t, testRedirect)
}

func testRedirect(t *testing.T, nw *network) {
	visitor := nw.endpoint(t)
	two := raw(t, nw, page)
	one := raw(t, nw, func(request string) string {
		to := "http://" + two.Addr().Host + "/"
		if strings.HasPrefix(request, "GET /here ") {
			to = "/there"
		} else if strings.HasPrefix(request, "GET /there ") {
			return page(request)
		}
		return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + to + "\r\n\r\n"
	})
	for path, want := range map[string]string{"/private/session=1234": "", "/here": "Referer: /here\r\n"} {
		got := get(t, visitor.HTTPClient(), "http://"+one.Addr().Host+path)
		assert.NotContains(t, got, one.Addr().Host[:20]+"/")
		assert.NotContains(t, got, "1234")
		if want == "" {
			assert.NotContains(t, got, "Referer")
		} else {
			assert.Contains(t, got, want)
		}
	}
}
