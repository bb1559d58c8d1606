package docs_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestUnit: systemd understands the unit of docs/service.md, and finds it hardened.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not installed")
	}
	page, err := os.ReadFile("service.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```ini\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block)
	unit := strings.Replace(string(block[1]), "/usr/local/bin/i2psocks", "/bin/true", 1) // which exists
	file := filepath.Join(t.TempDir(), "i2psocks.service")
	require.NoError(t, os.WriteFile(file, []byte(unit), 0o644))
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.NotContains(t, string(out), "i2psocks.service", "a warning about it")
	out, err = exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--threshold=15", file).CombinedOutput()
	assert.NoError(t, err, "exposure above 1.5: %s", out)
}

// TestBrowsersPage: Chromium, started as docs/browsers.md says, reaches I2P and asks nobody else for names.
func TestBrowsersPage(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("I2PSOCKS_REQUIRE_CLIENTS") != "1" {
		t.Skip("chromium is not installed")
	}
	page, err := os.ReadFile("browsers.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sh\n(.*?)\n```").FindSubmatch(page)
	require.NotNil(t, block)
	nw := samtest.NewStrict(t)
	site := serve(t, nw, "a page in I2P")
	nw.SetHost("stats.i2p", site.Addr().Destination)
	ep := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr(), NoSecret: true}
	defer ep.Close()
	px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(px.Addr().String())
	require.NoError(t, err)
	command := strings.NewReplacer("PORT", port, `"$(mktemp -d)"`, t.TempDir()).Replace(string(block[1])) +
		" --headless --no-sandbox --disable-gpu --no-first-run --dump-dom http://stats.i2p/"
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "exec "+command).Output()
	require.NoError(t, explainExit(err))
	assert.Contains(t, string(out), "a page in I2P")
}
