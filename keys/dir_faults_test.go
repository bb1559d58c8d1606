package keys_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever operation fails, and however, the store is as it was or as it was to
// be, before and after a restart, and what succeeded outlasts a loss of power.
func TestDirSurvivesEveryFault(t *testing.T) {
	w := newWorld(t)
	for _, s := range w.scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			stretch := 400
			if s.name == "save" {
				stretch = 30
			}
			c := w.course(t, s, stretch)
			t.Parallel() // with each other, and no other test
			for how := failBefore; how <= reordered; how++ {
				for at := c.first; at < c.last; at++ {
					survives(t, w, s, newFaults("", how, at, stretch), c)
				}
			}
		})
	}
}

func survives(t *testing.T, w *world, s scenario, f *faults, c course) {
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
	require.Contains(t, []string{c.before, c.after}, got, about)
	if seen != "" {
		require.Equal(t, seen, got[strings.Index(got, "\n")+1:], about)
	}
}

// The disk fails for a while, the clearing up of what failed included. When it
// works again the same Dir leaves nothing behind, without a restart.
func TestDirSurvivesFaultsInARow(t *testing.T) {
	w := newWorld(t)
	for _, s := range w.scenarios(t) {
		if s.empty || s.start != nil && s.name != "rename sealed" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			c := w.course(t, s, 1<<20)
			t.Parallel()
			for how := failBefore; how <= failAfter; how++ {
				for at := c.first; at < c.last; at++ {
					for _, row := range []int{1, 2, never} {
						f := newFaults("", how, at, 1<<20)
						f.row = row
						recovers(t, w, s, f, c)
					}
				}
			}
		})
	}
}

func recovers(t *testing.T, w *world, s scenario, f *faults, c course) {
	path := w.prepare(t, s)
	defer os.RemoveAll(filepath.Dir(path))
	f.path = path
	about := fmt.Sprintf("%v at %d and %d more", f.how, f.at, f.row)
	d, err := s.open(t, path, f)
	require.NoError(t, err, about)
	defer d.Close()
	if err := s.run(d); err != nil {
		require.ErrorIs(t, err, errDisk, about)
	}
	f.at = never
	_, before, _ := strings.Cut(c.before, "\n")
	_, after, _ := strings.Cut(c.after, "\n")
	require.Contains(t, []string{before, after}, state(t, d), about)
	for _, file := range entries(t, path) {
		require.False(t, strings.HasPrefix(file, ".new-") || strings.HasPrefix(file, ".next-"), "%s: %s", about, file)
	}
}

// A second crash, while the first one's traces are cleared away.
func TestDirSurvivesACrashWhileRecovering(t *testing.T) {
	w := newWorld(t)
	for _, s := range w.scenarios(t) {
		if s.name != "replace" && s.name != "rename sealed" && s.name != "decrypt" && s.name != "change the passphrase" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			c := w.course(t, s, 1<<20)
			t.Parallel()
			for at := max(c.first, c.last-40); at < c.last; at += 3 { // the mark, and what follows it
				for second := 0; crashTwice(t, w, s, at, second, c); second++ {
				}
			}
		})
	}
}

// crashTwice reports whether the second crash came before the end of the recovery.
func crashTwice(t *testing.T, w *world, s scenario, at, second int, c course) bool {
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
	require.Contains(t, []string{c.before, c.after}, w.reopened(t, path), "%d, then %d", at, second)
	return hit
}
