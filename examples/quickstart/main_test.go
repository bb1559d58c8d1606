package main

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func TestOnce(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-once"}, &out, io.Discard))
	text := regexp.MustCompile(`^hello.i2p is (\S+\.b32\.i2p)
in this process:  Hello, (\S+\.b32\.i2p)
through SOCKS 5:  Hello, (\S+\.b32\.i2p)
through SOCKS 4a: Hello, (\S+\.b32\.i2p)
as user alice:    Hello, (\S+\.b32\.i2p)
as user bob:      Hello, (\S+\.b32\.i2p)
clearnet:         .*not allowed.*

Try it yourself:
  curl --proxy socks5h://visitor:\S+@127.0.0.1:\d+ http://hello.i2p/
$`).FindStringSubmatch(out.String())
	require.NotNil(t, text, out.String())
	own, alice, bob := text[2], text[5], text[6]
	assert.Equal(t, []string{own, own}, text[3:5])
	assert.NotContains(t, []string{text[1], own, bob}, alice)
	assert.NotContains(t, []string{text[1], own}, bob)
}

// TestChild: a program that it runs is led to the port, whatever the environment says.
func TestChild(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	t.Setenv("no_proxy", "*")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"curl", "-q", "-sS", "http://hello.i2p/"}, &out, io.Discard))
	assert.Regexp(t, `^hello.i2p is \S+\nHello, \S+\.b32\.i2p$`, out.String())
	assert.Error(t, run(t.Context(), []string{"/nonexistent"}, io.Discard, io.Discard))
}

func TestOnARouter(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	require.NoError(t, run(t.Context(), []string{"-once", "-sam", bridge.Addr()}, io.Discard, io.Discard))
	assert.Equal(t, 4, bridge.Count("SESSION CREATE"))
	bridge.Kill()
	assert.Error(t, run(t.Context(), []string{"-once", "-sam", bridge.Addr()}, io.Discard, io.Discard))
}

func TestUntilInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, nil, w, io.Discard)
		w.Close()
	}()
	var out bytes.Buffer
	for buf := make([]byte, 4096); !bytes.Contains(out.Bytes(), []byte("until interrupted")); {
		n, err := r.Read(buf)
		require.NoError(t, err, out.String())
		out.Write(buf[:n])
	}
	cancel()
	assert.NoError(t, <-ended)
}
