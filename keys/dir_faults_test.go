package keys_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// Whatever operation fails, and however, the store is as it was or as it was to
// be, before and after a restart, and what succeeded outlasts a loss of power.
func TestDirSurvivesEveryFault(t *testing.T) {
	w := newWorld(t)
	for _, s := range w.scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			path := w.prepare(t, s)
			before := w.reopened(t, path)
			stretch := 400
			if s.name == "save" {
				stretch = 1 // every byte
			}
			f := newFaults(path, powerLoss, never, stretch)
			d, err := s.open(t, path, f)
			require.NoError(t, err)
			first := f.steps
			require.NoError(t, s.run(d))
			last := f.steps
			f.losePower(t)
			d.Close()
			after := w.reopened(t, path)
			require.NotEqual(t, before, after)
			require.Greater(t, last, first+3)

			for how := failBefore; how <= reordered; how++ {
				for at := first; at < last; at++ {
					if stretch == 1 && at%5 != int(how) && at > first+20 && at < last-20 {
						continue // each byte in one of the ways
					}
					survives(t, w, s, newFaults("", how, at, stretch), before, after)
				}
			}
		})
	}
}

func survives(t *testing.T, w *world, s scenario, f *faults, before, after string) {
	path := w.prepare(t, s)
	defer os.RemoveAll(filepath.Dir(path))
	f.path = path
	about := fmt.Sprintf("%v at %d", f.how, f.at)
	d, err := s.open(t, path, f)
	require.NoError(t, err, about)
	if err := s.run(d); err != nil {
		require.ErrorIs(t, err, errDisk, about)
	}
	seen := ""
	switch f.how {
	case failBefore, failAfter:
		seen = state(t, d) // the same Dir goes on
	case powerLoss, reordered:
		f.losePower(t)
	}
	d.Close()
	got := w.reopened(t, path)
	require.Contains(t, []string{before, after}, got, about)
	if seen != "" {
		require.Equal(t, seen, got[strings.Index(got, "\n")+1:], about)
	}
}

// A second crash, while the first one's traces are cleared away.
func TestDirSurvivesACrashWhileRecovering(t *testing.T) {
	w := newWorld(t)
	for _, s := range w.scenarios(t) {
		if s.name != "replace" && s.name != "decrypt" && s.name != "change the passphrase" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			path := w.prepare(t, s)
			before := w.reopened(t, path)
			f := newFaults(path, crash, never, 1<<20)
			d, err := s.open(t, path, f)
			require.NoError(t, err)
			first := f.steps
			require.NoError(t, s.run(d))
			last := f.steps
			require.NoError(t, d.Close())
			after := w.reopened(t, path)
			for at := max(first, last-40); at < last; at += 3 { // the mark, and what follows it
				for second := 0; crashTwice(t, w, s, at, second, before, after); second++ {
				}
			}
		})
	}
}

// crashTwice reports whether the second crash came before the end of the recovery.
func crashTwice(t *testing.T, w *world, s scenario, at, second int, before, after string) bool {
	path := w.prepare(t, s)
	defer os.RemoveAll(filepath.Dir(path))
	f := newFaults(path, powerLoss, at, 1<<20)
	d, err := s.open(t, path, f)
	require.NoError(t, err)
	s.run(d)
	f.losePower(t)
	d.Close()

	f = newFaults(path, powerLoss, second, 1<<20)
	d, err = s.open(t, path, f)
	hit := f.dead
	if err == nil {
		f.losePower(t)
		d.Close()
	} else if hit {
		f.losePower(t)
	} // else the crash came late, and the sealer is another now
	require.Contains(t, []string{before, after}, w.reopened(t, path), "%d, then %d", at, second)
	return hit
}
