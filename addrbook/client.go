package addrbook

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

const maxRedirects = 5

// userAgent is that of i2pd's own subscriptions.
const userAgent = "Wget/1.11.4"

// guard makes a client that never leaves I2P of one that the program gave: it
// follows redirects within I2P only, not at all if follow is false, and keeps no
// cookies.
func guard(c *http.Client, follow bool) (*http.Client, error) {
	if c == nil || c.Transport == nil || c.Transport == http.DefaultTransport {
		return nil, fmt.Errorf("%w: a Client with a Transport of its own is needed", ErrClient)
	}
	if t, ok := c.Transport.(*http.Transport); ok && t.DialContext == nil && !hasProxy(t) {
		return nil, fmt.Errorf("%w: the Transport would dial the Internet", ErrClient)
	}
	guarded := *c
	guarded.Jar = nil
	guarded.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		switch {
		case !follow:
			return http.ErrUseLastResponse
		case len(via) >= maxRedirects:
			return fmt.Errorf("%w: too many redirects", ErrRefused)
		}
		req.Header.Del("Referer")
		if req.URL.Host != via[0].URL.Host { // one site's mark is no business of another's
			req.Header.Del("If-None-Match")
			req.Header.Del("If-Modified-Since")
		}
		return checkURL(req.URL)
	}
	return &guarded, nil
}

// hasProxy reports whether a Transport has a proxy for sites in I2P now. That of the environment may be none.
func hasProxy(t *http.Transport) bool {
	if t.Proxy == nil {
		return false
	}
	u, err := t.Proxy(&http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: "example.i2p"}, Header: make(http.Header)})
	return u != nil && err == nil
}

// parseURL reads an address in I2P.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%w: not a URL", ErrClient) // err repeats it
	}
	return u, checkURL(u)
}

func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: scheme of the URL", ErrClient)
	}
	if u.User != nil {
		return fmt.Errorf("%w: a user in the URL", ErrClient)
	}
	host, err := i2phost.Parse(u.Hostname())
	if err != nil {
		return fmt.Errorf("%w: host of the URL: %w", ErrClient, err)
	}
	if host.Kind() == i2phost.Base64 {
		return fmt.Errorf("%w: a whole destination in the URL", ErrClient)
	}
	return nil
}
