package addrbook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
)

// recorder is a dialer that keeps what it was asked for.
type recorder struct {
	proxy.ContextDialer
	mu    sync.Mutex
	asked []string
}

func (r *recorder) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	r.asked = append(r.asked, network+" "+address)
	r.mu.Unlock()
	return r.ContextDialer.DialContext(ctx, network, address)
}

// Nothing that is given a URL asks a name server or connects by itself, wherever it is sent, and a
// dialer is given hosts in I2P alone.
func TestNothingButI2P(t *testing.T) {
	leaktest.Guard(t)
	targets := []string{
		"https://tracking-id-123.i2p/hosts.txt", "http://tracking-id-123.i2p/hosts.txt", "http://tracking.i2p:8080/", "http://example.com/", "https://example.com/",
		"http://127.0.0.1:1/", "http://[::1]:1/", "http://0x7f.1/", "//example.com/x", "http://x.i2p.example.com/", "http://localhost/", "ftp://x.i2p/",
		"http://x.i2p@example.com/", "http://example.com%2f.i2p/", "http://x.onion/", "file:///etc/hosts", "http://[fd60:db4d:ddb5::1]/", "http://a.b.c.i2p.:80/",
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range targets {
			elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			})
			d := &recorder{ContextDialer: inMemory{elsewhere}}
			_, err := (&addrbook.Subscription{URL: feedURL, Dialer: d}).Fetch(t.Context())
			assert.Error(t, err)
			for p, err := range (&addrbook.Jump{Services: []string{feedURL + "?"}, Dialer: d}).Ask(t.Context(), "n.i2p") {
				assert.Error(t, err)
				assert.Zero(t, p)
			}
			for _, asked := range d.asked {
				assert.Regexp(t, `^tcp [a-z0-9.-]+\.i2p\.?:\d+$`, asked, to)
			}
		}
	}
	for _, direct := range targets {
		d := &recorder{ContextDialer: inMemory{http.NotFoundHandler()}}
		ctx, cancel := context.WithCancel(t.Context())
		s := &addrbook.Subscription{URL: direct, Dialer: d, StartDelay: -1, OnFetch: func(_ addrbook.Report, err error) {
			assert.Error(t, err)
			cancel()
		}}
		assert.ErrorIs(t, s.Run(ctx), context.Canceled)
		for range (&addrbook.Jump{Services: []string{direct}, Dialer: d}).Ask(t.Context(), "n.i2p") {
		}
		addrbook.ParseAddressHelper(direct)
		for _, asked := range d.asked {
			assert.Regexp(t, `^tcp [a-z0-9.-]+\.i2p\.?:\d+$`, asked, direct)
		}
	}
}

// What dials the Internet for certain is refused before it is asked for anything.
func TestDialersOfTheInternet(t *testing.T) {
	leaktest.Guard(t)
	var none *net.Dialer
	for _, d := range []proxy.ContextDialer{
		nil, none, new(net.Dialer), new(tls.Dialer), proxy.Direct, proxy.NewPerHost(proxy.Direct, proxy.Direct), proxy.FromEnvironment().(proxy.ContextDialer),
	} {
		_, err := (&addrbook.Subscription{URL: feedURL, Dialer: d}).Fetch(t.Context())
		assert.ErrorIs(t, err, addrbook.ErrDialer, "%T", d)
		for _, err := range (&addrbook.Jump{Services: []string{feedURL}, Dialer: d}).Ask(t.Context(), "n.i2p") {
			assert.ErrorIs(t, err, addrbook.ErrDialer, "%T", d)
		}
	}
	_, err := (&addrbook.Subscription{URL: feedURL, Dialer: odd{nil}}).Fetch(t.Context())
	assert.ErrorIs(t, err, errOdd, "a type that cannot be compared is as good as any")
}

type odd []func()

var errOdd = errors.New("odd")

func (odd) DialContext(context.Context, string, string) (net.Conn, error) { return nil, errOdd }

// toServer dials a server of the test, whoever is asked for.
type toServer struct{ *httptest.Server }

func (s toServer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
}

// https counts only by the certificates that the program has given, and stays https.
func TestHTTPS(t *testing.T) {
	a := identity(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, "http://example.i2p/", http.StatusFound)
			return
		}
		io.WriteString(w, at("n.i2p", a, "")+"\n")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	fetch := func(url string, roots ...*x509.Certificate) error {
		s := &addrbook.Subscription{URL: url, Dialer: toServer{server}, Roots: roots}
		_, err := s.Fetch(t.Context())
		return err
	}
	own := server.Certificate()
	assert.ErrorIs(t, fetch("https://example.i2p/"), addrbook.ErrURL, "not unless asked for")
	var unknown x509.HostnameError
	assert.ErrorAs(t, fetch("https://example.i2p/", own), &unknown, "the certificate is one of example.com")
	assert.ErrorIs(t, fetch("https://example.com/", own), addrbook.ErrURL)

	site := newSite(t, "example.i2p", server.Config.Handler)
	defer site.Close()
	server = site.Server
	assert.NoError(t, fetch("https://example.i2p/", site.root))
	var authority x509.UnknownAuthorityError
	assert.ErrorAs(t, fetch("https://example.i2p/", own), &authority, "no other root counts, nor the system's")
	assert.ErrorIs(t, fetch("https://example.i2p/down", site.root), addrbook.ErrURL, "to http it is not followed")
}

// The question to a router goes on for all who wait, and carries nothing of the one who asked first.
func TestBookCarriesNoValues(t *testing.T) {
	type key struct{}
	d := destination(t)
	asked, answer := make(chan any, 2), make(chan struct{})
	b := &addrbook.Book{Router: sourceFunc(func(ctx context.Context, _ string) (addrbook.Address, error) {
		asked <- ctx.Value(key{})
		<-answer
		return d, nil
	})}
	var wg sync.WaitGroup
	for _, who := range []string{"alice", "bob"} {
		wg.Go(func() {
			got, err := b.Lookup(context.WithValue(t.Context(), key{}, who), "x.i2p")
			assert.NoError(t, err)
			assert.Equal(t, d, got)
		})
	}
	assert.Nil(t, <-asked)
	close(answer)
	wg.Wait()
}

type sourceFunc func(context.Context, string) (addrbook.Address, error)

func (f sourceFunc) Lookup(ctx context.Context, name string) (addrbook.Address, error) {
	return f(ctx, name)
}

// A jump page may have Java's base64 without padding, or escaped.
func TestJumpForms(t *testing.T) {
	a := destination(t)
	bare := strings.TrimRight(a.Text(), "=")
	for _, body := range []string{
		bare, "n.i2p=" + bare, a.Base32(), `<a href="http://n.i2p/?i2paddresshelper=` + bare + `">`,
		`<a href="http://n.i2p/?i2paddresshelper=` + bare + `%3D%3D">`, `<a href="http://n.i2p/?i2paddresshelper=` + bare + `%3d%3d&x=y">`,
	} {
		site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		for p, err := range (&addrbook.Jump{Services: []string{"http://jump.i2p/"}, Dialer: inMemory{site}}).Ask(t.Context(), "n.i2p") {
			require.NoError(t, err, body[:20])
			assert.True(t, p.Address.Same(a))
		}
	}
	for _, value := range []string{bare, bare + "%3D%3D", bare + "=="} {
		p, _, err := addrbook.ParseAddressHelper("http://n.i2p/?i2paddresshelper=" + value)
		require.NoError(t, err)
		assert.Equal(t, a, p.Address)
	}
}
