package keys_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/ageseal"
)

// The host names of testdata/former, an encrypted directory that the version before names and index has made: its
// passphrase is "former", and bot was rotated once.
const (
	formerBot    = "zxnvjqgauzt6olailpd7vhree2s64ysy2gdsa4vt6bsheai7cpjq.b32.i2p"
	formerSecond = "b6jthprmtqojf5ikdv7tmft5qvnidbg4u5w47lnwxofxwwuqfb4q.b32.i2p"
)

func sealedDir(t *testing.T, path string) *keys.Dir {
	t.Helper()
	d, err := keys.OpenSealedDir(t.Context(), path, gcm(1))
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// alterations are what somebody does to files of the directory, who has a copy of it from before, and no passphrase.
// "a" is to be loaded then; it was rotated once since the copy, in which it is the identity before.
func alterations(dir, copied string) map[string]func() error {
	in := func(name string) string { return filepath.Join(dir, name) }
	old := func() string { files, _ := filepath.Glob(in("a.*.old")); return files[0] }
	restore := func(name string) error {
		b, err := os.ReadFile(filepath.Join(copied, name))
		if err != nil {
			return err
		}
		return os.WriteFile(in(name), b, 0o600)
	}
	return map[string]func() error{
		"another name's file": func() error { return os.Rename(in("b.key"), in("a.key")) },
		"a copy under another name": func() error {
			b, err := os.ReadFile(in("b.key"))
			if err != nil {
				return err
			}
			return os.WriteFile(in("a.key"), b, 0o600)
		},
		"the retired one":      func() error { return os.Rename(old(), in("a.key")) },
		"from an earlier time": func() error { return restore("a.key") },
		"the index too":        func() error { return restore(".index") },
		"gone":                 func() error { return os.Remove(in("a.key")) },
		"without the index":    func() error { return os.Remove(in(".index")) },
		"an index that is cut": func() error { return os.Truncate(in(".index"), 40) },
	}
}

func copyDir(t *testing.T, from string) string {
	to := privateDir(t)
	require.NoError(t, os.Mkdir(to, 0o700))
	for _, file := range entries(t, from) {
		b, err := os.ReadFile(filepath.Join(from, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, file), b, 0o600))
	}
	return to
}

func TestSealedDirKnowsItsFiles(t *testing.T) {
	ctx := t.Context()
	for name := range alterations("", "") {
		t.Run(name, func(t *testing.T) {
			path := privateDir(t)
			d := sealedDir(t, path)
			require.NoError(t, d.Save(ctx, "a", generate(t)))
			require.NoError(t, d.Save(ctx, "b", generate(t)))
			require.NoError(t, d.Close())
			copied := copyDir(t, path)
			d = sealedDir(t, path)
			id, err := keys.Rotate(ctx, d, "a")
			require.NoError(t, err)
			require.NoError(t, d.Close())

			require.NoError(t, alterations(path, copied)[name]())
			d = sealedDir(t, path)
			_, err = d.Load(ctx, "a")
			assertStoreError(t, err, "load", "a", keys.ErrAltered)
			assertRedacted(t, err.Error())
			_, err = keys.LoadOrGenerate(ctx, d, "a")
			assert.ErrorIs(t, err, keys.ErrAltered, "and no other identity takes its place")
			assert.Error(t, d.Save(ctx, "a", id))
			assert.ErrorIs(t, d.Rename(ctx, "a", "c"), keys.ErrAltered)
			assert.ErrorIs(t, d.SetLabel(ctx, "a", "x"), keys.ErrAltered)
			assert.ErrorIs(t, d.Reseal(ctx, nil), keys.ErrAltered)
		})
	}
}

// TestAdopt: what the owner of the passphrase has put there on purpose can be used, but only under its name.
func TestAdopt(t *testing.T) {
	ctx := t.Context()
	path := privateDir(t)
	d := sealedDir(t, path)
	first := generate(t)
	require.NoError(t, d.Save(ctx, "a", first))
	require.NoError(t, d.Save(ctx, "b", generate(t)))
	backup, err := os.ReadFile(filepath.Join(path, "a.key"))
	require.NoError(t, err)
	_, err = keys.Rotate(ctx, d, "a")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(path, "a.key"), backup, 0o600))
	require.NoError(t, os.Remove(filepath.Join(path, "b.key")))
	require.NoError(t, d.Adopt(ctx))
	assert.Equal(t, first.Reveal(), load(t, d, "a").Reveal())
	_, err = d.Load(ctx, "b")
	assert.ErrorIs(t, err, fs.ErrNotExist)

	require.NoError(t, os.Rename(filepath.Join(path, "a.key"), filepath.Join(path, "b.key")))
	assertStoreError(t, d.Adopt(ctx), "adopt", "", keys.ErrAltered)
	require.NoError(t, os.Remove(filepath.Join(path, ".index")))
	require.NoError(t, os.Rename(filepath.Join(path, "b.key"), filepath.Join(path, "a.key")))
	require.NoError(t, d.Close())
	d = sealedDir(t, path)
	require.NoError(t, d.Adopt(ctx))
	assert.Equal(t, first.Reveal(), load(t, d, "a").Reveal())
	assert.NoError(t, openDir(t, privateDir(t)).Adopt(ctx), "in a plain directory it does nothing")
}

// TestDeleteForgets: a name whose file is gone or is another can be given up, and is free then.
func TestDeleteForgets(t *testing.T) {
	ctx := t.Context()
	path := privateDir(t)
	d := sealedDir(t, path)
	for _, name := range []string{"gone", "swapped", "other"} {
		require.NoError(t, d.Save(ctx, name, generate(t)))
	}
	_, err := keys.Rotate(ctx, d, "gone")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(path, "gone.key")))
	require.NoError(t, os.Rename(filepath.Join(path, "other.key"), filepath.Join(path, "swapped.key")))
	names, err := d.Names(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"gone", "other", "swapped"}, names)
	for _, name := range names {
		require.NoError(t, d.Delete(ctx, name))
		assertStoreError(t, d.Delete(ctx, name), "delete", name, fs.ErrNotExist)
		require.NoError(t, d.Save(ctx, name, generate(t)))
		load(t, d, name)
	}
	require.NoError(t, os.Remove(filepath.Join(path, filepath.Base(retiredFiles(t, path)[0]))))
	assertStoreError(t, d.Restore(ctx, "gone", time.Time{}), "restore", "gone", keys.ErrAltered)
	require.NoError(t, d.Purge(ctx, "gone"))
	assertStoreError(t, d.Restore(ctx, "gone", time.Time{}), "restore", "gone", fs.ErrNotExist)
}

func retiredFiles(t *testing.T, path string) []string {
	files, err := filepath.Glob(filepath.Join(path, "*.old"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestFormerDir: a directory of the version before opens, with all that is in it, and is protected from then on.
func TestFormerDir(t *testing.T) {
	ctx := t.Context()
	s, err := ageseal.Passphrase("former")
	require.NoError(t, err)
	s.WorkFactor = 4
	path := copyDir(t, filepath.Join("testdata", "former"))
	require.NoError(t, os.WriteFile(filepath.Join(path, "bad.key"), []byte("x"), 0o600))
	for range 2 {
		d, err := keys.OpenSealedDir(ctx, path, s)
		require.NoError(t, err)
		assert.Equal(t, formerBot, load(t, d, "bot").String())
		assert.Equal(t, formerSecond, load(t, d, "second").String())
		label, err := d.Label(ctx, "second")
		require.NoError(t, err)
		assert.Equal(t, "of other", label)
		old, err := d.LoadRetired(ctx, "bot", time.Time{})
		require.NoError(t, err)
		assert.NotEqual(t, formerBot, old.String())
		_, err = d.Load(ctx, "bad")
		assertStoreError(t, err, "load", "bad", keys.ErrMalformed)
		require.NoError(t, d.Close())
	}
	require.NoError(t, os.Rename(filepath.Join(path, "second.key"), filepath.Join(path, "bot.key")))
	d, err := keys.OpenSealedDir(ctx, path, s)
	require.NoError(t, err)
	defer d.Close()
	_, err = d.Load(ctx, "bot")
	assertStoreError(t, err, "load", "bot", keys.ErrAltered)
}

func TestLatestRetiredInMemory(t *testing.T) {
	ctx := t.Context()
	var m keys.Memory
	require.NoError(t, m.Save(ctx, "bot", generate(t)))
	second, err := keys.Rotate(ctx, &m, "bot")
	require.NoError(t, err)
	keys.ShiftRetired(&m, 24*time.Hour)
	_, err = keys.Rotate(ctx, &m, "bot")
	require.NoError(t, err)
	require.NoError(t, m.Restore(ctx, "bot", time.Time{}))
	got, err := m.Load(ctx, "bot")
	require.NoError(t, err)
	assert.Equal(t, second.String(), got.String())
}

// TestLatestRetired: the clock may have been ahead when the one before was retired.
func TestLatestRetired(t *testing.T) {
	path := privateDir(t)
	d := openDir(t, path)
	ctx := t.Context()
	require.NoError(t, d.Save(ctx, "bot", generate(t)))
	second, err := keys.Rotate(ctx, d, "bot")
	require.NoError(t, err)
	ahead := "bot." + time.Now().Add(24*time.Hour).UTC().Format("20060102T150405.000000000Z") + ".old"
	require.NoError(t, os.Rename(retiredFiles(t, path)[0], filepath.Join(path, ahead)))
	_, err = keys.Rotate(ctx, d, "bot")
	require.NoError(t, err)
	got, err := d.LoadRetired(ctx, "bot", time.Time{})
	require.NoError(t, err)
	assert.Equal(t, second.String(), got.String())
	require.NoError(t, d.Restore(ctx, "bot", time.Time{}))
	assert.Equal(t, second.String(), load(t, d, "bot").String())
}
