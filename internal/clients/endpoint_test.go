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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
)

// endpoint returns an endpoint on a SAM bridge, that ends with the test.
func endpoint(t testing.TB, address string) *i2psocks.Endpoint {
	ep := &i2psocks.Endpoint{SAM: address}
	t.Cleanup(func() { assert.NoError(t, ep.Close()) })
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
