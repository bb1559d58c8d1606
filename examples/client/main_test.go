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
	assert.Error(t, run(t.Context(), nil, io.Discard, io.Discard))
	assert.Error(t, run(t.Context(), []string{"-socks", "http://127.0.0.1:1", "http://a.i2p/"}, io.Discard, io.Discard))
}
