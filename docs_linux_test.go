package i2psocks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUnit: systemd understands the unit of docs/service.md, and finds it hardened.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not installed")
	}
	page, err := os.ReadFile("docs/service.md")
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
