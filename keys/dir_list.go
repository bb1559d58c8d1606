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

// List implements [Archive]. The time of saving is that of the file.
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
	for _, e := range entries {
		name, retired, ok := parseRetired(e.Name())
		if !ok {
			name, ok = strings.CutSuffix(e.Name(), keySuffix)
		}
		if !ok || !ValidName(name) {
			continue
		}
		fi, err := d.files.Lstat(e.Name())
		if err != nil {
			return nil, err
		}
		list = append(list, Entry{Name: name, Saved: fi.ModTime().UTC(), Retired: retired})
	}
	slices.SortFunc(list, Entry.compare)
	return list, nil
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
