package socks

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Lesson 24: no verb and no handler shows host or credentials.
func TestRequestIsRedacted(t *testing.T) {
	r := Request{Version: SOCKS4a, Command: Connect, Host: "hidden.i2p", Port: 80, Username: "hidden", Password: "hidden"}
	assert.Equal(t, "hidden.i2p:80", r.Addr())
	var log bytes.Buffer
	for _, h := range []slog.Handler{
		slog.NewTextHandler(&log, nil),
		slog.NewJSONHandler(&log, nil),
	} {
		slog.New(h).Info("m", "value", r, "pointer", &r)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&log, format, r)
		fmt.Fprintf(&log, format, &r)
	}
	assert.Contains(t, log.String(), "SOCKS4a CONNECT port 80")
	assert.NotContains(t, log.String(), "hidden")
}

func TestNames(t *testing.T) {
	for v, want := range map[fmt.Stringer]string{
		SOCKS4: "SOCKS4", SOCKS4a: "SOCKS4a", SOCKS5: "SOCKS5", Version(6): "Version(6)",
		Connect: "CONNECT", Bind: "BIND", Associate: "UDP ASSOCIATE", Resolve: "RESOLVE", ResolvePTR: "RESOLVE_PTR",
		Command(9): "Command(0x09)",
	} {
		assert.Equal(t, want, v.String())
	}
}
