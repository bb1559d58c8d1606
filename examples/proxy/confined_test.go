package main

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/socks"
)

// TestConfined runs the daemon where each packet is looked at: whatever clients ask for, nothing but the router gets any,
// users are told apart, and what it prints names nobody.
func TestConfined(t *testing.T) {
	t.Cleanup(func() {
		if t.Skipped() && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") == "1" {
			t.Error("namespaces are required")
		}
	})
	c := leaktest.Confine(t)
	program := filepath.Join(t.TempDir(), "proxy")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	nw := samtest.NewStrict(t)
	require.NoError(t, c.Forward("127.0.0.1:7656", nw.Start(nil).Addr()))
	site := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr(), Logger: slog.New(slog.DiscardHandler)}
	defer site.Close()
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)

	said := new(leaktest.Recorder)
	said.Text("the site", site.Addr().Host)
	cmd := exec.CommandContext(t.Context(), program, "-listen", "127.0.0.1:4447")
	cmd.Stderr = said
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start(cmd))
	defer cmd.Wait()
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan())
	address, err := url.Parse(lines.Text())
	require.NoError(t, err)

	var seen leaktest.Identities
	for _, user := range []string{"alice", "bob", "alice"} {
		as := socks.Dialer{Address: address.Host, Forward: forward(c.DialContext), Username: user}
		client, err := as.DialContext(t.Context(), "tcp", site.Addr().Host+":80")
		require.NoError(t, err)
		conn, err := ln.Accept()
		require.NoError(t, err)
		assert.NoError(t, seen.Saw(user, conn.RemoteAddr()))
		conn.Close()
		client.Close()
		for _, host := range []string{"example.com", "localhost", "127.0.0.1", "192.0.2.1", "2001:db8::1", "fd60:db4d:ddb5::1", "0x7f000001", "router", "x.i2p.example.com"} {
			_, err := as.DialContext(t.Context(), "tcp", net.JoinHostPort(host, "53"))
			assert.Error(t, err, host)
		}
	}
	assert.Equal(t, 2, seen.Len())
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	for lines.Scan() {
	}
	assert.NoError(t, cmd.Wait())
	said.Check(t)
}

// forward makes a dialer of a function.
type forward func(ctx context.Context, network, address string) (net.Conn, error)

func (f forward) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}
