package clients_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// endpoint returns an endpoint on a SAM bridge, that ends with the test.
func endpoint(t testing.TB, address string) *i2psocks.Endpoint {
	ep := &i2psocks.Endpoint{SAM: address}
	t.Cleanup(func() { assert.NoError(t, ep.Close()) })
	return ep
}

// onRouter returns an endpoint on a router of the network, with tunnels of no hops. It dials nothing but that router.
func onRouter(t *testing.T, nw *i2pnet.Network, router int) *i2psocks.Endpoint {
	ep := endpoint(t, nw.SAM(router))
	ep.Inbound, ep.Outbound = sam.Tunnels{Length: -1, Quantity: 2}, sam.Tunnels{Length: -1, Quantity: 2}
	ep.DialBridge = func(ctx context.Context, network, address string) (net.Conn, error) {
		if !assert.Equal(t, ep.SAM, address) {
			return nil, net.ErrClosed
		}
		return nw.DialContext(ctx, network, address)
	}
	return ep
}

func serve(t testing.TB, ep *i2psocks.Endpoint, h http.Handler) {
	ln, err := ep.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: h}
	t.Cleanup(func() { srv.Close() })
	go srv.Serve(ln)
}

func listenSOCKS(t *testing.T, ep *i2psocks.Endpoint, address string) *i2psocks.Proxy {
	px, err := ep.ListenSOCKS(t.Context(), "tcp", address)
	require.NoError(t, err)
	return px
}

func get(t testing.TB, client *http.Client, address string) string {
	resp, err := client.Get(address)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// visit returns what the site says to a visitor that gives it some seconds.
func visit(ctx context.Context, d proxy.ContextDialer, host string, patience time.Duration) (string, error) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/", nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func line(t *testing.T, r *bufio.Reader) string {
	s, err := r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(s)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func containsFold(s, part string) bool { return strings.Contains(strings.ToLower(s), part) }

// forward makes a dialer of a function.
type forward func(ctx context.Context, network, address string) (net.Conn, error)

func (f forward) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}
