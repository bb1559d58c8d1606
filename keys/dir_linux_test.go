package keys_test

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

const fullEnv = "KEYS_TEST_FULL_DISK"

// TestDirFullDisk runs its work in a process of its own: the limit is one on all that a process writes, its log
// of the test too.
func TestDirFullDisk(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWorkOnFullDisk$")
	cmd.Env = append(os.Environ(), fullEnv+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// A limit on the size of files stands for a disk that is full.
func TestWorkOnFullDisk(t *testing.T) {
	if os.Getenv(fullEnv) == "" {
		t.Skip("only runs as a child")
	}
	for _, s := range []keys.Sealer{nil, gcm(2)} {
		path := privateDir(t)
		d, err := keys.OpenDirOn(t.Context(), path, s, func(f keys.Files) keys.Files { return f })
		require.NoError(t, err)
		defer d.Close()
		id, other := generate(t), generate(t)
		require.NoError(t, d.Save(t.Context(), "other", other))
		before := entries(t, path)

		signal.Ignore(syscall.SIGXFSZ)
		defer signal.Reset(syscall.SIGXFSZ)
		var old syscall.Rlimit
		require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old))
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: old.Max}))
		err = d.Save(t.Context(), "bot", id)
		replaceErr := d.Replace(t.Context(), "other", id)
		resealErr := d.Reseal(t.Context(), gcm(1))
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old))

		assertStoreError(t, err, "save", "bot", syscall.EFBIG)
		assertStoreError(t, replaceErr, "replace", "other", syscall.EFBIG)
		assertStoreError(t, resealErr, "reseal", "", syscall.EFBIG)
		assert.Equal(t, other.Reveal(), load(t, d, "other").Reveal())
		assert.Equal(t, before, entries(t, path), "half a key must not stay")
		require.NoError(t, d.Save(t.Context(), "bot", id))
	}
}
