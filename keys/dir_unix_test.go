//go:build unix

package keys_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

func mode(t *testing.T, path string) os.FileMode {
	fi, err := os.Lstat(path)
	require.NoError(t, err)
	return fi.Mode()
}

func TestDirModes(t *testing.T) {
	// The umask belongs to the process, so no test of this package is parallel to it.
	for _, umask := range []int{0, 0o022, 0o277} {
		path := privateDir(t)
		d := openDir(t, path)
		old := syscall.Umask(umask)
		err := d.Save(t.Context(), "bot", generate(t))
		syscall.Umask(old)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), mode(t, filepath.Join(path, "bot.key")))
		assert.Equal(t, os.ModeDir|0o700, mode(t, path))
		assert.Equal(t, os.FileMode(0o600), mode(t, filepath.Join(path, ".lock")))
	}
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	path := privateDir(t)
	openDir(t, path)
	assert.Equal(t, os.ModeDir|0o700, mode(t, path))
}

func TestOpenDirRefusesUnsafeDirectories(t *testing.T) {
	for _, perm := range []os.FileMode{0o755, 0o770, 0o701, 0o777} {
		path := privateDir(t)
		require.NoError(t, os.Mkdir(path, 0o700))
		require.NoError(t, os.Chmod(path, perm))
		_, err := keys.OpenDir(path)
		assertStoreError(t, err, "open", "", keys.ErrPermissions)
		assert.ErrorContains(t, err, path)
		assert.Equal(t, os.ModeDir|perm, mode(t, path), "never tightened behind the owner's back")
		assert.Empty(t, entries(t, path))
	}
}

func TestOpenDirRefusesLinks(t *testing.T) {
	real := privateDir(t)
	require.NoError(t, os.Mkdir(real, 0o700))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(real, link))
	for _, path := range []string{link, link + "/"} {
		_, err := keys.OpenDir(path)
		assert.ErrorIs(t, err, keys.ErrPermissions, path)
	}
	assert.Empty(t, entries(t, real))

	target := filepath.Join(t.TempDir(), "target")
	require.NoError(t, os.Symlink(target, filepath.Join(real, ".lock")))
	_, err := keys.OpenDir(real)
	assert.ErrorIs(t, err, keys.ErrPermissions)
	assert.NoFileExists(t, target)
}

// refusesFile checks that a file is neither used nor changed nor replaced.
func refusesFile(t *testing.T, d *keys.Dir, file string) {
	t.Helper()
	before := mode(t, file)
	_, err := d.Load(t.Context(), "bot")
	assertStoreError(t, err, "load", "bot", keys.ErrPermissions)
	_, err = keys.LoadOrGenerate(t.Context(), d, "bot")
	assert.ErrorIs(t, err, keys.ErrPermissions)
	assert.Error(t, d.Save(t.Context(), "bot", generate(t)))
	assert.Equal(t, before, mode(t, file))
}

func TestDirRefusesOpenFiles(t *testing.T) {
	for _, perm := range []os.FileMode{0o644, 0o640, 0o602, 0o610} {
		path := privateDir(t)
		d := openDir(t, path)
		file := filepath.Join(path, "bot.key")
		require.NoError(t, os.WriteFile(file, []byte(vectorKey), 0o600))
		require.NoError(t, os.Chmod(file, perm))
		refusesFile(t, d, file)
		assertFile(t, file, vectorKey, perm)
	}
}

func TestDirRefusesForeignOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := privateDir(t)
	d, err := keys.OpenDir(path)
	require.NoError(t, err)
	file := filepath.Join(path, "bot.key")
	require.NoError(t, os.WriteFile(file, []byte(vectorKey), 0o600))
	require.NoError(t, os.Chown(file, 65534, 65534))
	refusesFile(t, d, file)
	assertFile(t, file, vectorKey, 0o600)
	require.NoError(t, d.Close())

	require.NoError(t, os.Chown(path, 65534, 65534))
	_, err = keys.OpenDir(path)
	assertStoreError(t, err, "open", "", keys.ErrPermissions)
}

func TestDirRefusesWhatIsNoFile(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "good.key")
	require.NoError(t, os.WriteFile(outside, []byte(vectorKey), 0o600))
	kinds := map[string]func(file string) error{
		"link to a good key":  func(file string) error { return os.Symlink(outside, file) },
		"link inside":         func(file string) error { return os.Symlink("other.key", file) },
		"dangling link":       func(file string) error { return os.Symlink("nowhere", file) },
		"named pipe":          func(file string) error { return syscall.Mkfifo(file, 0o600) },
		"directory":           func(file string) error { return os.Mkdir(file, 0o700) },
		"link to a directory": func(file string) error { return os.Symlink(".", file) },
	}
	for name, make := range kinds {
		t.Run(name, func(t *testing.T) {
			path := privateDir(t)
			d := openDir(t, path)
			require.NoError(t, os.WriteFile(filepath.Join(path, "other.key"), []byte(vectorKey), 0o600))
			file := filepath.Join(path, "bot.key")
			require.NoError(t, make(file))
			refusesFile(t, d, file)
			assertFile(t, outside, vectorKey, 0o600)
		})
	}
}

func TestDirReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root writes everywhere")
	}
	path := privateDir(t)
	d := openDir(t, path)
	id := generate(t)
	require.NoError(t, d.Save(t.Context(), "bot", id))
	require.NoError(t, os.Chmod(path, 0o500))
	defer os.Chmod(path, 0o700)
	before := entries(t, path)
	_, err := keys.LoadOrGenerate(t.Context(), d, "new")
	assertStoreError(t, err, "save", "new", os.ErrPermission)
	assertStoreError(t, d.Delete(t.Context(), "bot"), "delete", "bot", os.ErrPermission)
	assertStoreError(t, d.Retire(t.Context(), "bot"), "retire", "bot", os.ErrPermission)
	assertStoreError(t, d.Rename(t.Context(), "bot", "new"), "rename", "bot", os.ErrPermission)
	assertStoreError(t, d.Replace(t.Context(), "bot", id), "replace", "bot", os.ErrPermission)
	assertStoreError(t, d.Reseal(t.Context(), gcm(1)), "reseal", "", os.ErrPermission)
	assert.Equal(t, before, entries(t, path))
	assert.Equal(t, id.Reveal(), load(t, d, "bot").Reveal())
}

// What stands in the place of a file is neither followed nor moved nor lost,
// whatever is asked.
func TestArchiveRefusesWhatIsNoPrivateFile(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "good.key")
	require.NoError(t, os.WriteFile(outside, []byte(vectorKey), 0o600))
	kinds := map[string]func(file string) error{
		"link":      func(file string) error { return os.Symlink(outside, file) },
		"directory": func(file string) error { return os.Mkdir(file, 0o700) },
		"open mode": func(file string) error { return os.WriteFile(file, []byte(vectorKey), 0o644) },
	}
	if os.Geteuid() == 0 {
		kinds["foreign owner"] = func(file string) error {
			return errors.Join(os.WriteFile(file, []byte(vectorKey), 0o600), os.Chown(file, 65534, 65534))
		}
	}
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	for name, make := range kinds {
		t.Run(name, func(t *testing.T) {
			path := privateDir(t)
			d := openDir(t, path)
			ctx := t.Context()
			const retired = "old.20260102T030405.000000006Z.old"
			require.NoError(t, make(filepath.Join(path, "bot.key")))
			require.NoError(t, make(filepath.Join(path, retired)))
			before := entries(t, path)
			errs := map[string]error{
				"rename":  d.Rename(ctx, "bot", "new"),
				"replace": d.Replace(ctx, "bot", generate(t)),
				"retire":  d.Retire(ctx, "bot"),
				"delete":  d.Delete(ctx, "bot"),
				"restore": d.Restore(ctx, "old", time.Time{}),
				"purge":   d.Purge(ctx, "old"),
				"reseal":  d.Reseal(ctx, gcm(1)),
			}
			for op, err := range errs {
				assert.ErrorIs(t, err, keys.ErrPermissions, op)
			}
			assert.Equal(t, before, entries(t, path))
			assertFile(t, outside, vectorKey, 0o600)
		})
	}
}
