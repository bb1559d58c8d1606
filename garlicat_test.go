package i2psocks_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/routertest"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// TestGarliCat: a client with a GarliCat address reaches the entry that has it, and nobody else.
func TestGarliCat(t *testing.T) { overBoth(t, testGarliCat) }

func testGarliCat(t *testing.T, nw *network) {
	site, router := nw.endpoint(t), nw.start()
	serve(t, site, hello)
	first, last := i2phost.GarliCatAddrs(site.Addr().Destination.Hash())
	name, _ := i2phost.GarliCat(first)
	stranger, err := keys.Generate()
	require.NoError(t, err)
	other, _ := i2phost.GarliCatAddrs(stranger.Destination().Hash())
	var book addrbook.Hosts
	require.NoError(t, book.Add("site.i2p", addrbook.AddressOf(site.Addr().Destination)))

	for source, set := range map[string]func(*i2psocks.Endpoint){
		"hosts": func(e *i2psocks.Endpoint) { e.Hosts = map[string]string{"site.i2p": site.Addr().Host} },
		"hosts, whole": func(e *i2psocks.Endpoint) {
			e.Hosts = map[string]string{"site.i2p": site.Addr().Destination.Base64()}
		},
		"hosts, twice": func(e *i2psocks.Endpoint) {
			e.Hosts = map[string]string{"site.i2p": site.Addr().Destination.Base64(), "again.i2p": site.Addr().Host}
		},
		"book": func(e *i2psocks.Endpoint) { e.Book = &addrbook.Book{Sources: []addrbook.Source{&book}} },
	} {
		t.Run(source, func(t *testing.T) {
			ep := on(t, router)
			ep.NoSecret = true
			set(ep)
			want := "hello " + ep.Addr().String()
			socksClient := through(listenSOCKS(t, ep, "127.0.0.1:0"), "", "")
			for _, host := range []string{first.String(), last.String(), name} {
				got, err := routertest.Visit(t.Context(), ep, hostInURL(host), 0)
				require.NoError(t, err, host)
				assert.Equal(t, want, got)
				got, err = routertest.Visit(t.Context(), socksClient, hostInURL(host), 0)
				require.NoError(t, err, host)
				assert.Equal(t, want, got)
			}
			questions := router.questions()
			_, err := ep.DialContext(t.Context(), "tcp", net.JoinHostPort(other.String(), "80"))
			assert.ErrorIs(t, err, dialer.ErrNameNotFound)
			_, err = socksClient.DialContext(t.Context(), "tcp", net.JoinHostPort(other.String(), "80"))
			assert.Equal(t, socks.HostUnreachable, replyOf(t, err))
			for _, address := range []string{"[fd60:db4d:ddb6::1]:80", "[::1]:80"} {
				_, err = socksClient.DialContext(t.Context(), "tcp", address)
				assert.Equal(t, socks.AddressNotSupported, replyOf(t, err), address)
			}
			_, err = ep.DialContext(t.Context(), "tcp", "[fd60:db4d:ddb5::]:80")
			assert.ErrorIs(t, err, dialer.ErrNameNotFound, "that of a hash of zeros")
			assert.Equal(t, questions, router.questions(), "no router was asked")
		})
	}
	t.Run("no table", func(t *testing.T) {
		_, err := on(t, router).DialContext(t.Context(), "tcp", name+":80")
		assert.ErrorIs(t, err, dialer.ErrNameNotFound)
	})
}

// hostInURL puts an IPv6 address in brackets.
func hostInURL(host string) string {
	if net.ParseIP(host) == nil {
		return host
	}
	return "[" + host + "]"
}
