package keys_test

import (
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A limit on the size of files stands for a disk that is full.
func TestDirFullDisk(t *testing.T) {
	path := privateDir(t)
	d := openDir(t, path)
	id, other := generate(t), generate(t)
	require.NoError(t, d.Save(t.Context(), "other", other))

	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var old syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: old.Max}))
	err := d.Save(t.Context(), "bot", id)
	replaceErr := d.Replace(t.Context(), "other", id)
	resealErr := d.Reseal(t.Context(), gcm(1))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old))

	assertStoreError(t, err, "save", "bot", syscall.EFBIG)
	assertStoreError(t, replaceErr, "replace", "other", syscall.EFBIG)
	assertStoreError(t, resealErr, "reseal", "", syscall.EFBIG)
	assert.Equal(t, []string{".lock", "other.key"}, entries(t, path), "half a key must not stay")
	assert.Equal(t, other.Reveal(), load(t, d, "other").Reveal())
	require.NoError(t, d.Save(t.Context(), "bot", id))
}
