package i2psocks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/idna"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
)

// HTTPClient returns a client that reaches I2P only. It uses no proxy of the environment. Its transport is shared by
// all clients of the endpoint and is closed with the endpoint.
//
// Requests to an http:// site look, in content and order of headers, like those of curl through the HTTP proxy of
// Java I2P: Host is the site's base32 name, so that the site does not learn by which name it is known here;
// User-Agent is that of the proxy; Referer, which redirects set, is removed for another site and otherwise has no
// host; headers that reveal the sender or other proxies, such as Via, From, X-Forwarded-For and Accept-Language, are
// removed; each request has a stream of its own. A User-Agent that the request sets is sent. For other headers that
// requests set, the program is responsible.
//
// Certificates of https:// sites are verified against an empty pool, so that such requests fail: public authorities
// issue none for I2P, and the verifiers of Windows and macOS would fetch missing ones over the clearnet from
// addresses that the site chooses. For sites with a known certificate, use a Transport with RootCAs and
// [Endpoint.DialContext]. The TLS handshake reveals that the program is written in Go.
func (e *Endpoint) HTTPClient() *http.Client {
	return &http.Client{Transport: e.web()}
}

// web returns what all clients share.
func (e *Endpoint) web() *transport {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.http == nil {
		e.http = &transport{
			endpoint: e,
			plain: &http.Transport{
				DialContext:        e.dialPlain,
				DisableKeepAlives:  true, // as the proxy, which says Connection: close
				DisableCompression: true, // it has a way of its own
			},
			tls: &http.Transport{
				DialContext:         e.DialContext,
				TLSClientConfig:     &tls.Config{RootCAs: x509.NewCertPool()},
				DisableCompression:  true,
				MaxIdleConnsPerHost: 4,
				IdleConnTimeout:     time.Minute,
				TLSHandshakeTimeout: time.Minute,
			},
		}
	}
	return e.http
}

// dialPlain opens a stream that carries one request, with its headers in order.
func (e *Endpoint) dialPlain(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := e.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &requestConn{Conn: conn}, nil
}

// transport sends requests as I2P's own HTTP proxy does.
type transport struct {
	endpoint   *Endpoint
	plain, tls *http.Transport
}

// Format keeps fmt from printing the endpoint and its secret.
func (t *transport) Format(w fmt.State, _ rune) { io.WriteString(w, "i2psocks.Transport") }

// CloseIdleConnections is for [http.Client.CloseIdleConnections].
func (t *transport) CloseIdleConnections() {
	t.plain.CloseIdleConnections()
	t.tls.CloseIdleConnections()
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case r.URL == nil || r.Header == nil || r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return t.plain.RoundTrip(r) // which knows what to say
	}
	host, err := t.endpoint.hostHeader(r.Context(), r.URL)
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	sent := proxied(r)
	if r.URL.Scheme == "https" {
		return t.tls.RoundTrip(sent)
	}
	sent.Host = host
	sent.Header.Set("X-Accept-Encoding", acceptEncoding)
	resp, err := t.plain.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	expand(resp)
	resp.Request = r
	return resp, nil
}

// hostHeader returns how I2P's HTTP proxy names a host to itself, by its base32 name, and for https not at all. It starts the
// endpoint, for a Transport does not dial where it is called.
func (e *Endpoint) hostHeader(ctx context.Context, to *url.URL) (string, error) {
	ctx, cancel := e.dialContext(ctx)
	defer cancel()
	has, err := e.start(ctx)
	if err != nil || to.Scheme == "https" {
		return "", err
	}
	return has.nameSite(ctx, to.Hostname())
}

// nameSite is hostHeader of a host.
func (a *assets) nameSite(ctx context.Context, host string) (string, error) {
	if ascii, err := idna.Lookup.ToASCII(host); err == nil { // as net/http dials it
		host = ascii
	}
	address, err := a.names.resolve(ctx, "tcp", net.JoinHostPort(host, "80"))
	if err != nil {
		return "", dialer.OpError("dial", nil, err)
	}
	to, err := dialer.ParseTarget("tcp", address)
	switch {
	case err != nil:
		return "", dialer.OpError("dial", nil, err)
	case to.Host.Kind() != i2phost.Name:
		return to.Addr.Host, nil
	}
	if r, ok := a.backend.(resolver); ok {
		b32, err := r.LookupAddr(ctx, to.Host.String())
		if !errors.Is(err, errors.ErrUnsupported) {
			return b32, err
		}
	}
	return to.Host.String(), nil // as the proxy of i2pd does
}
