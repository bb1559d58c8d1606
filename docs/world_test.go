package docs_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// documentedHosts returns a network with the hosts that the documented programs dial.
func documentedHosts(t *testing.T) *samtest.Network {
	nw := samtest.NewStrict(t)
	site := serve(t, nw, "a page")
	ln, err := site.Listen(t.Context(), "tcp", ":6667")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	}()
	for _, host := range []string{"stats.i2p", "irc.postman.i2p"} {
		nw.SetHost(host, site.Addr().Destination)
	}
	return nw
}

// serve returns an endpoint of the network with a web site of one page.
func serve(t *testing.T, nw *samtest.Network, page string) *i2psocks.Endpoint {
	ep := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	t.Cleanup(func() { assert.NoError(t, ep.Close()) })
	ln, err := ep.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) })}
	t.Cleanup(func() { srv.Close() })
	go srv.Serve(ln)
	return ep
}

// explainExit adds what a program has printed to its error.
func explainExit(err error) error {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: %s", err, e.Stderr)
	}
	return err
}
