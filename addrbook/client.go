package addrbook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

const (
	maxRedirects = 5
	maxHeader    = 64 << 10 // bytes
	httpsTime    = time.Minute
)

// userAgent is that of i2pd's own subscriptions.
const userAgent = "Wget/1.11.4"

// visitor goes to sites in I2P, and to nothing else.
type visitor struct {
	dialer proxy.ContextDialer
	roots  []*x509.Certificate // none: http only
}

// client makes a client for one visit. It knows no proxy, no cookies and nothing of
// the environment. Certificates are checked against roots alone: the system's verifier
// may fetch further certificates and revocation lists over the Internet. Redirects
// are followed within I2P only, and not at all if follow is false.
func (v visitor) client(follow bool) (c *http.Client, end func(), err error) {
	if err := v.checkDialer(); err != nil {
		return nil, nil, err
	}
	pool := x509.NewCertPool()
	for _, cert := range v.roots {
		pool.AddCert(cert)
	}
	t := &http.Transport{
		DialContext:            v.dial,
		TLSClientConfig:        &tls.Config{RootCAs: pool},
		TLSHandshakeTimeout:    httpsTime,
		DisableCompression:     true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxHeader,
	}
	redirect := func(req *http.Request, via []*http.Request) error { return v.redirect(req, via) }
	if !follow {
		redirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return &http.Client{Transport: t, CheckRedirect: redirect}, t.CloseIdleConnections, nil
}

// dial is the last look at where a connection goes.
func (v visitor) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err == nil {
		err = checkHost(host)
	}
	if err != nil {
		return nil, err
	}
	return v.dialer.DialContext(ctx, network, address)
}

func (v visitor) redirect(req *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("%w: too many redirects", ErrRefused)
	}
	req.Header.Del("Referer")
	if req.URL.Host != via[0].URL.Host { // one site's mark is no business of another's
		req.Header.Del("If-None-Match")
		req.Header.Del("If-Modified-Since")
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("%w: a redirect from https to http", ErrURL)
	}
	return v.checkURL(req.URL)
}

// get visits a URL that [visitor.parseURL] has returned. What came must be closed
// before end is called.
func (v visitor) get(req *http.Request, follow bool) (resp *http.Response, end func(), err error) {
	client, end, err := v.client(follow)
	if err != nil {
		return nil, nil, err
	}
	if resp, err = client.Do(req); err != nil {
		end()
		return nil, nil, withoutURL(err)
	}
	return resp, end, nil
}

// request makes the request of a visit, the same for all programs.
func (v visitor) request(ctx context.Context, rawURL string) (*http.Request, error) {
	u, err := v.parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: not a URL", ErrURL)
	}
	req.Close = true
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// withoutURL keeps the address out of an error of net/http.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// parseURL reads an address in I2P.
func (v visitor) parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%w: not a URL", ErrURL) // err repeats it
	}
	return u, v.checkURL(u)
}

func (v visitor) checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme of the URL", ErrURL)
	case u.Scheme == "https" && len(v.roots) == 0:
		return fmt.Errorf("%w: https without Roots", ErrURL)
	case u.User != nil:
		return fmt.Errorf("%w: a user in the URL", ErrURL)
	}
	return checkHost(u.Hostname())
}

func checkHost(s string) error {
	host, err := i2phost.Parse(s)
	if err != nil {
		return fmt.Errorf("%w: host of the URL: %w", ErrURL, err)
	}
	if host.Kind() == i2phost.Base64 {
		return fmt.Errorf("%w: a whole destination in the URL", ErrURL)
	}
	return nil
}
