package main

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func TestClient(t *testing.T) {
	nw := samtest.NewStrict(t)
	bridge := nw.Start(nil)
	site := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	defer site.Close()
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a page") }))
	ep := &i2psocks.Endpoint{SAM: bridge.Addr()}
	defer ep.Close()
	px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	v4a := px.URL()
	v4a.Scheme = "socks4a"

	for _, way := range [][]string{{"-sam", bridge.Addr()}, {"-socks", px.URL().String()}, {"-socks", v4a.String()}} {
		var page bytes.Buffer
		require.NoError(t, run(t.Context(), append(way, "http://"+site.Addr().Host+"/"), &page, io.Discard), way)
		assert.Equal(t, "a page", page.String())
		assert.Error(t, run(t.Context(), append(way, "http://example.com/"), io.Discard, io.Discard))
	}
	for _, args := range [][]string{nil, {"-what"}, {"http://a.i2p/", "http://b.i2p/"}} {
		assert.ErrorIs(t, run(t.Context(), args, io.Discard, io.Discard), errUsage, args)
	}
	for _, proxy := range []string{"http://127.0.0.1:1", "user:hunter2@127.0.0.1:1", "socks5h:hunter2"} {
		err := run(t.Context(), []string{"-socks", proxy, "http://a.i2p/"}, io.Discard, io.Discard)
		require.ErrorContains(t, err, "-socks: ", proxy)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}
