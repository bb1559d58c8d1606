package keys_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

func eachLabeler(t *testing.T, test func(t *testing.T, l keys.Labeler)) {
	eachStore(t, func(t *testing.T, s keys.Store) { test(t, s.(keys.Labeler)) })
	t.Run("sealed Dir", func(t *testing.T) {
		d, err := keys.OpenSealedDir(t.Context(), privateDir(t), gcm(1))
		require.NoError(t, err)
		defer d.Close()
		test(t, d)
	})
}

func assertLabel(t *testing.T, l keys.Labeler, name, want string) {
	t.Helper()
	got, err := l.Label(t.Context(), name)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestLabelGoesWithItsIdentity(t *testing.T) {
	eachLabeler(t, func(t *testing.T, l keys.Labeler) {
		ctx := t.Context()
		first := generate(t)
		require.NoError(t, l.Save(ctx, "bot", first))
		assertLabel(t, l, "bot", "")
		require.NoError(t, l.SetLabel(ctx, "bot", "draft"))
		before := list(t, l)
		require.NoError(t, l.SetLabel(ctx, "bot", "the bot, käse # 1"))
		assert.Equal(t, before, list(t, l), "the time of saving stays")
		assert.Equal(t, first.Reveal(), load(t, l, "bot").Reveal())

		require.NoError(t, l.Rename(ctx, "bot", "robot"))
		assertLabel(t, l, "robot", "the bot, käse # 1")
		second, err := keys.Rotate(ctx, l, "robot")
		require.NoError(t, err)
		assertLabel(t, l, "robot", "the bot, käse # 1")
		require.NoError(t, l.SetLabel(ctx, "robot", "second"))
		require.NoError(t, l.Restore(ctx, "robot", time.Time{}))
		assertLabel(t, l, "robot", "the bot, käse # 1")
		require.NoError(t, l.Retire(ctx, "robot"))
		_, err = l.Label(ctx, "robot")
		assertStoreError(t, err, "label", "robot", fs.ErrNotExist)
		require.NoError(t, l.Restore(ctx, "robot", time.Time{}))
		assertLabel(t, l, "robot", "the bot, käse # 1")
		require.NoError(t, l.Restore(ctx, "robot", time.Time{}))
		assertLabel(t, l, "robot", "second")
		assert.Equal(t, second.Reveal(), load(t, l, "robot").Reveal())
		require.NoError(t, l.SetLabel(ctx, "robot", ""))
		assertLabel(t, l, "robot", "")
	})
}

func TestLabelsRefused(t *testing.T) {
	bad := []string{"a\nb", "\n", "a\r", "\x00", "tab\t", "\x1b[31m", "\xff", "\u202eright to left", "\u2028", "\u00a0", strings.Repeat("a", 201), strings.Repeat("é", 101)}
	good := []string{" ", "# ", "a b", strings.Repeat("a", 200), strings.Repeat("é", 100), "日本語"}
	eachLabeler(t, func(t *testing.T, l keys.Labeler) {
		ctx := t.Context()
		require.NoError(t, l.Save(ctx, "bot", generate(t)))
		require.NoError(t, l.SetLabel(ctx, "bot", "stays"))
		for _, label := range bad {
			assert.False(t, keys.ValidLabel(label), "%q", label)
			assertStoreError(t, l.SetLabel(ctx, "bot", label), "setlabel", "bot", keys.ErrLabel)
		}
		assertLabel(t, l, "bot", "stays")
		for _, label := range good {
			require.NoError(t, l.SetLabel(ctx, "bot", label), "%q", label)
			assertLabel(t, l, "bot", label)
		}
		assertStoreError(t, l.SetLabel(ctx, "no", "x"), "setlabel", "no", fs.ErrNotExist)
		assertStoreError(t, l.SetLabel(ctx, "../x", "x"), "setlabel", "", keys.ErrName)
		_, err := l.Label(ctx, "../x")
		assertStoreError(t, err, "label", "", keys.ErrName)
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		assert.ErrorIs(t, l.SetLabel(canceled, "bot", "x"), context.Canceled)
	})
}

func TestLabelInTheFile(t *testing.T) {
	path := privateDir(t)
	d := openDir(t, path)
	id := generate(t)
	require.NoError(t, d.Save(t.Context(), "bot", id))
	require.NoError(t, d.SetLabel(t.Context(), "bot", "my bot"))
	file := filepath.Join(path, "bot.key")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, id.Reveal()+"\n# my bot\n", string(text))

	got, format, err := keys.Import(strings.NewReader(string(text)))
	require.NoError(t, err)
	assert.Equal(t, keys.FormatSAM, format)
	assert.Equal(t, id.Reveal(), got.Reveal())

	require.NoError(t, d.Reseal(t.Context(), gcm(1)))
	assertLabel(t, d, "bot", "my bot")
	sealed, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), "my bot")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	_, err = d.Load(t.Context(), "bot")
	assert.ErrorIs(t, err, keys.ErrNotSealed)
	require.NoError(t, d.Replace(t.Context(), "bot", generate(t)), "the label of what cannot be read is lost")
	assertLabel(t, d, "bot", "")
}

func TestDamagedLabelsAreRefused(t *testing.T) {
	path := privateDir(t)
	d := openDir(t, path)
	secret := generate(t).Reveal() + "\n"
	for _, rest := range []string{"#\n", "# \n", "# x", "#x\n", "# x\ny\n", "# x\n# y\n", "\n# x\n", "# \x01\n", "# " + strings.Repeat("a", 201) + "\n", secret} {
		require.NoError(t, os.WriteFile(filepath.Join(path, "bot.key"), []byte(secret+rest), 0o600))
		_, err := d.Load(t.Context(), "bot")
		assert.ErrorIs(t, err, keys.ErrMalformed, "%q", rest)
		_, err = d.Label(t.Context(), "bot")
		assert.ErrorIs(t, err, keys.ErrMalformed, "%q", rest)
		_, _, err = keys.Import(strings.NewReader(secret + rest))
		assert.Error(t, err, "%q", rest)
	}
}

func FuzzLabel(f *testing.F) {
	for _, label := range []string{"", "my bot", "# ", "a\nb", "日本語", strings.Repeat("a", 201)} {
		f.Add(label)
	}
	secret := generate(f).Reveal() + "\n"
	f.Fuzz(func(t *testing.T, label string) {
		key, got := keys.CutLabel([]byte(secret + "# " + label + "\n"))
		if label != "" && keys.ValidLabel(label) {
			assert.Equal(t, label, got)
			assert.Equal(t, secret, string(key))
		} else {
			assert.Empty(t, got)
			assert.Equal(t, secret+"# "+label+"\n", string(key), "to be refused")
		}
	})
}
