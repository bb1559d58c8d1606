// Package routertest has what tests on the private networks of [i2pnet] share.
package routertest

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// Endpoint returns an endpoint on a router of the network, with the others as fallbacks. Its tunnels have no hops, as lease sets
// of longer ones are not found at once in so small a network. It dials nothing but these routers, and ends with the test.
func Endpoint(t testing.TB, nw *i2pnet.Network, routers ...int) *i2psocks.Endpoint {
	var known []string
	for _, r := range routers {
		known = append(known, nw.SAM(r))
	}
	direct := sam.Tunnels{Length: -1, Quantity: 2}
	ep := &i2psocks.Endpoint{
		SAM: known[0], Fallbacks: known[1:], Inbound: direct, Outbound: direct,
		DialBridge: func(ctx context.Context, network, address string) (net.Conn, error) {
			if !assert.True(t, slices.Contains(known, address), "dialled %s", address) {
				return nil, net.ErrClosed
			}
			return nw.DialContext(ctx, network, address)
		},
	}
	t.Cleanup(func() { assert.NoError(t, ep.Close()) })
	return ep
}

// Visit returns what the site says to a visitor that gives it some time.
func Visit(ctx context.Context, d proxy.ContextDialer, host string, patience time.Duration) (string, error) {
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
