package keys_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

type scenario struct {
	name  string
	start keys.Sealer
	empty bool
	run   func(d *keys.Dir) error
}

// prepare fills a store: bot and other in use, and one retired from bot.
func (w *world) prepare(t *testing.T, s scenario) string {
	made, ok := w.made[s.name]
	if !ok {
		made = w.make(t, s)
		w.made[s.name] = made
	}
	path := privateDir(t)
	require.NoError(t, os.Mkdir(path, 0o700))
	for _, file := range entries(t, made) {
		b, err := os.ReadFile(filepath.Join(made, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(path, file), b, 0o600))
	}
	return path
}

func (w *world) make(t *testing.T, s scenario) string {
	path := privateDir(t)
	var d *keys.Dir
	var err error
	if s.start == nil {
		d, err = keys.OpenDir(path)
	} else {
		d, err = keys.OpenSealedDir(t.Context(), path, s.start)
	}
	require.NoError(t, err)
	if !s.empty {
		require.NoError(t, d.Save(t.Context(), "bot", w.c))
		require.NoError(t, d.Replace(t.Context(), "bot", w.a))
		require.NoError(t, d.Save(t.Context(), "other", w.b))
		require.NoError(t, d.SetLabel(t.Context(), "other", "of other"))
	}
	require.NoError(t, d.Close())
	return path
}

func (s scenario) open(t *testing.T, path string, f *faults) (*keys.Dir, error) {
	return keys.OpenDirOn(t.Context(), path, s.start, f.wrap)
}

func (w *world) scenarios(t *testing.T) []scenario {
	ctx := t.Context()
	return []scenario{
		{"save", nil, false, func(d *keys.Dir) error { return d.Save(ctx, "new", w.fresh) }},
		{"save in an empty store", nil, true, func(d *keys.Dir) error { return d.Save(ctx, "new", w.fresh) }},
		{"save sealed", w.one, false, func(d *keys.Dir) error { return d.Save(ctx, "new", w.fresh) }},
		{"delete", nil, false, func(d *keys.Dir) error { return d.Delete(ctx, "bot") }},
		{"rename", nil, false, func(d *keys.Dir) error { return d.Rename(ctx, "bot", "new") }},
		{"replace", nil, false, func(d *keys.Dir) error { return d.Replace(ctx, "bot", w.fresh) }},
		{"delete sealed", w.one, false, func(d *keys.Dir) error { return d.Delete(ctx, "bot") }},
		{"rename sealed", w.one, false, func(d *keys.Dir) error { return d.Rename(ctx, "other", "new") }},
		{"label sealed", w.one, false, func(d *keys.Dir) error { return d.SetLabel(ctx, "bot", "label") }},
		{"retire sealed", w.one, false, func(d *keys.Dir) error { return d.Retire(ctx, "bot") }},
		{"restore sealed", w.one, false, func(d *keys.Dir) error { return d.Restore(ctx, "bot", time.Time{}) }},
		{"purge sealed", w.one, false, func(d *keys.Dir) error { return d.Purge(ctx, "bot") }},
		{"replace sealed", w.one, false, func(d *keys.Dir) error { return d.Replace(ctx, "bot", w.fresh) }},
		{"label", nil, false, func(d *keys.Dir) error { return d.SetLabel(ctx, "bot", "label") }},
		{"retire", nil, false, func(d *keys.Dir) error { return d.Retire(ctx, "bot") }},
		{"restore in exchange", nil, false, func(d *keys.Dir) error { return d.Restore(ctx, "bot", time.Time{}) }},
		{"purge", nil, false, func(d *keys.Dir) error { return d.Purge(ctx, "bot") }},
		{"encrypt", nil, false, func(d *keys.Dir) error { return d.Reseal(ctx, w.one) }},
		{"encrypt an empty store", nil, true, func(d *keys.Dir) error { return d.Reseal(ctx, w.one) }},
		{"decrypt", w.one, false, func(d *keys.Dir) error { return d.Reseal(ctx, nil) }},
		{"change the passphrase", w.one, false, func(d *keys.Dir) error { return d.Reseal(ctx, w.two) }},
	}
}

// never is an operation that does not come.
const never = 1 << 30

// course is what a scenario does when nothing fails: its operations are those
// from first to before last.
type course struct {
	before, after string
	first, last   int
}

func (w *world) course(t *testing.T, s scenario, stretch int) (c course) {
	path := w.prepare(t, s)
	c.before = w.reopened(t, path)
	f := newFaults(path, powerLoss, never, stretch)
	d, err := s.open(t, path, f)
	require.NoError(t, err)
	c.first = f.steps
	require.NoError(t, s.run(d))
	c.last = f.steps
	f.losePower(t) // what succeeded outlasts it
	d.Close()
	c.after = w.reopened(t, path)
	require.NotEqual(t, c.before, c.after)
	require.Greater(t, c.last, c.first+3)
	return c
}
