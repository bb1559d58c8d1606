package keys_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

const parentsEnv = "KEYS_TEST_PARENTS_DIR"

// TestMakeDir is the process that TestParentsAreFlushed watches.
func TestMakeDir(t *testing.T) {
	path := os.Getenv(parentsEnv)
	if path == "" {
		t.Skip("only runs as a child")
	}
	d, err := keys.OpenDir(path)
	require.NoError(t, err)
	require.NoError(t, d.Close())
}

// TestParentsAreFlushed: what is saved in a new directory would be gone with it.
func TestParentsAreFlushed(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	top := t.TempDir()
	log := filepath.Join(top, "log")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-y", "-o", log, "-e", "trace=fsync", os.Args[0], "-test.run=^TestMakeDir$")
	cmd.Env = append(os.Environ(), parentsEnv+"="+filepath.Join(top, "one", "two", "keys"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	trace, err := os.ReadFile(log)
	require.NoError(t, err)
	for _, dir := range []string{top, filepath.Join(top, "one"), filepath.Join(top, "one", "two")} {
		assert.Regexp(t, `fsync\(\d+<`+dir+`>`, string(trace))
	}
}
