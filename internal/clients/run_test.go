package clients_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/socks"
)

// patience is how long a client may take, also over slow tunnels.
const patience = 2 * time.Minute

// url returns where the page is.
func (w *world) url() string { return "http://" + w.web + "/" }

// run runs a program in an environment without settings and returns its output.
func (w *world) run(t *testing.T, name string, args ...string) (stdout string, err error) {
	return w.output(t, nil, name, args...)
}

func (w *world) output(t *testing.T, env []string, name string, args ...string) (string, error) {
	cmd, complaints := w.prepare(t, env, name, args...)
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", name, err, complaints)
	}
	return string(out), err
}

// explainExit adds what a program complained of, which Output keeps a part of.
func explainExit(err error) error {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: %s", err, e.Stderr)
	}
	return err
}

// prepare returns a command whose standard error is kept.
func (w *world) prepare(t *testing.T, env []string, name string, args ...string) (cmd *exec.Cmd, complaints fmt.Stringer) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd = w.command(ctx, name, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	cmd.WaitDelay = 5 * time.Second
	text := new(strings.Builder)
	cmd.Stderr = text
	return cmd, text
}

// fetches runs a program that must print the page.
func (w *world) fetches(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := w.run(t, name, args...)
	require.NoError(t, err)
	w.got(t, out)
}

// got compares what came with the page. Some programs end it with a newline.
func (w *world) got(t *testing.T, page string) {
	t.Helper()
	assert.Equal(t, sum([]byte(w.page)), sum([]byte(strings.TrimSuffix(page, "\n"))), "%d of %d bytes", len(page), len(w.page))
}

// pipes runs a program that connects its standard input and output with the site. It must not see
// the end of its input before the page has come, as there is no half-close over I2P.
func (w *world) pipes(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd, complaints := w.prepare(t, nil, name, args...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	fmt.Fprintf(in, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", w.web)
	resp, err := http.ReadResponse(bufio.NewReader(out), nil)
	if assert.NoError(t, err) {
		page, err := io.ReadAll(resp.Body)
		assert.NoError(t, err)
		w.got(t, string(page))
	}
	in.Close()
	assert.NoError(t, cmd.Wait(), complaints)
}

// resolve returns the virtual address of a host.
func (w *world) resolve(t *testing.T, host string) string {
	d := socks.Dialer{Address: w.proxy.Host, Forward: w.direct}
	ip, err := d.Resolve(t.Context(), host)
	require.NoError(t, err)
	return ip
}
