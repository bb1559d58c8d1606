package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	grpchealth "google.golang.org/grpc/health"
	health "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestCheckOnRouters: a call between two real i2pd routers.
func TestCheckOnRouters(t *testing.T) {
	nw := i2pnet.Require(t, i2pnet.Config{})
	asked := countQuestions(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	site, visitor := routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 1)
	ln, err := site.Listen(ctx, "tcp", ":80")
	require.NoError(t, err)
	srv := grpc.NewServer()
	health.RegisterHealthServer(srv, grpchealth.NewServer())
	go srv.Serve(ln)
	t.Cleanup(srv.Stop)
	status, err := check(ctx, visitor, site.Addr().Host+":80")
	require.NoError(t, err)
	assert.Equal(t, health.HealthCheckResponse_SERVING, status)
	assert.Zero(t, asked.Load())
}
