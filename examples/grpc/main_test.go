package main

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	grpchealth "google.golang.org/grpc/health"
	health "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// countQuestions counts what is asked of the system's name servers, none of which is reached.
func countQuestions(t *testing.T) *atomic.Int64 {
	asked := new(atomic.Int64)
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no name server here")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
	return asked
}

// TestCheck: a call reaches a service by its name in I2P, and no name server hears of it.
func TestCheck(t *testing.T) {
	asked := countQuestions(t)
	nw := samtest.NewStrict(t)
	site := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	defer site.Close()
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := grpc.NewServer()
	health.RegisterHealthServer(srv, grpchealth.NewServer())
	go srv.Serve(ln)
	defer srv.Stop()
	nw.SetHost("service.i2p", site.Addr().Destination)

	ep := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	defer ep.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	t.Setenv("https_proxy", "http://proxy.example:1") // must not be used
	for _, target := range []string{"service.i2p:80", site.Addr().Host + ":80"} {
		status, err := check(ctx, ep, target)
		require.NoError(t, err, target)
		assert.Equal(t, health.HealthCheckResponse_SERVING, status)
	}
	assert.Zero(t, asked.Load())

	// The same without the scheme is what this example is for.
	client, err := grpc.NewClient("service.i2p:80", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return ep.DialContext(ctx, "tcp", address)
		}))
	require.NoError(t, err)
	defer client.Close()
	_, err = health.NewHealthClient(client).Check(ctx, new(health.HealthCheckRequest))
	assert.Error(t, err)
	assert.Positive(t, asked.Load(), "gRPC asks by itself; if it no longer does, say so in docs/hosts.md")
}
