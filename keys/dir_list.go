package keys

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// A retired identity is NAME.TIME.old; names have no dots.
const retiredLayout = "20060102T150405.000000000Z"

func retiredFile(name string, t time.Time) string {
	return name + "." + t.UTC().Format(retiredLayout) + retiredSuffix
}

func parseRetired(file string) (name string, t time.Time, ok bool) {
	rest, ok := strings.CutSuffix(file, retiredSuffix)
	if !ok {
		return "", t, false
	}
	name, stamp, _ := strings.Cut(rest, ".")
	t, err := time.Parse(retiredLayout, stamp)
	return name, t, err == nil && ValidName(name) && retiredFile(name, t) == file
}

// List implements [Archive]. The time of saving is that of the file, none for a file that is gone from an
// encrypted directory.
func (d *Dir) List(ctx context.Context) (list []Entry, err error) {
	err = d.doAll(ctx, "list", "", func() error {
		list, err = d.list()
		return err
	})
	return list, err
}

func (d *Dir) list() ([]Entry, error) {
	entries, err := d.files.ReadDir()
	if err != nil {
		return nil, err
	}
	var list []Entry
	there := make(map[string]bool)
	for _, e := range entries {
		entry, ok := entryOf(e.Name())
		if !ok {
			continue
		}
		fi, err := d.files.Lstat(e.Name())
		if err != nil {
			return nil, err
		}
		entry.Saved = fi.ModTime().UTC()
		list, there[e.Name()] = append(list, entry), true
	}
	if d.index != nil && !d.trusting {
		for file := range d.index.Files { // those that somebody took away must not seem never to have been
			if entry, ok := entryOf(file); ok && !there[file] {
				list = append(list, entry)
			}
		}
	}
	slices.SortFunc(list, Entry.compare)
	return list, nil
}

// entryOf reads the name of a file.
func entryOf(file string) (Entry, bool) {
	name, retired, ok := parseRetired(file)
	if !ok {
		name, ok = strings.CutSuffix(file, keySuffix)
	}
	return Entry{Name: name, Retired: retired}, ok && ValidName(name)
}

func (e Entry) file() string {
	if e.Retired.IsZero() {
		return e.Name + keySuffix
	}
	return retiredFile(e.Name, e.Retired)
}

// findRetired names the file of a retired identity, of the latest if t is zero.
func (d *Dir) findRetired(name string, t time.Time) (string, error) {
	list, err := d.list()
	if err != nil {
		return "", err
	}
	for _, e := range list {
		if e.Name == name && !e.Retired.IsZero() && (t.IsZero() || t.Equal(e.Retired)) {
			return e.file(), nil
		}
	}
	return "", fs.ErrNotExist
}
