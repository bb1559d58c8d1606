package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestSitesOnRouters: both sites of caddy.json, before and after it was loaded again, where Caddy is on a real i2pd router and
// the visitor and the upstream on another.
func TestSitesOnRouters(t *testing.T) {
	if _, err := caddy.GetModule("http.reverse_proxy.transport.i2p"); err == nil {
		t.Skip("a process has one Caddy")
	}
	nw := i2pnet.Require(t, i2pnet.Config{})
	leaktest.Guard(t)
	upstream, visitor := routertest.Endpoint(t, nw, 1), routertest.Endpoint(t, nw, 1)
	ln, err := upstream.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })

	dir := t.TempDir()
	ids := newIdentities(nw.SAM(0), dir)
	for _, name := range []string{"blog", "mirror", "fetcher"} {
		ids.endpoints[name] = routertest.Endpoint(t, nw, 0)
	}
	ids.register()
	config, err := os.ReadFile("caddy.json")
	require.NoError(t, err)
	config = []byte(strings.Replace(string(config), "stats.i2p:80", upstream.Addr().Host+":80", 1))
	file := filepath.Join(dir, "caddy.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	serving, stop := context.WithCancel(ctx)
	reload, ended := make(chan os.Signal), make(chan error, 1)
	go func() { ended <- serve(serving, ids, file, reload) }()

	get := func(name, want string) {
		var got string
		for pause := time.After(0); got != want && ctx.Err() == nil; pause = time.After(time.Second) { // until the routers have found each other
			<-pause
			site := ids.endpoint(name).Addr().Host
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+site, nil)
			require.NoError(t, err)
			resp, err := visitor.HTTPClient().Do(r)
			if err != nil {
				t.Log(err)
				continue
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			got = string(body)
			t.Log(resp.Status, got, err)
		}
		assert.Equal(t, want, got)
	}
	get("blog", "a blog\n")
	get("mirror", fmt.Sprintf("%s:0", ids.endpoint("fetcher").Addr().Host))
	config = []byte(strings.Replace(string(config), "a blog", "another blog", 1))
	require.NoError(t, os.WriteFile(file, config, 0o600))
	select {
	case reload <- os.Interrupt:
	case err := <-ended:
		require.NoError(t, err)
	}
	get("blog", "another blog\n")
	stop()
	assert.NoError(t, <-ended)
}
