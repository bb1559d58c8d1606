package keys

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Rename implements [Archive]. In an encrypted directory the identity is sealed again with its new name.
func (d *Dir) Rename(ctx context.Context, from, to string) error {
	return d.change(ctx, "rename", from, func() error {
		if !ValidName(to) {
			return ErrName
		}
		fi, err := d.checkKnown(from + keySuffix)
		if err != nil {
			return err
		}
		if d.sealer == nil {
			return d.move(from+keySuffix, to+keySuffix)
		}
		if err := d.free(to + keySuffix); err != nil {
			return err
		}
		id, label, err := d.loadLabelled(ctx, from+keySuffix)
		if err != nil {
			return err
		}
		data, err := sealFile(ctx, d.sealer, to, id, label)
		if err != nil {
			return err
		}
		temp, err := d.writeTemp(data)
		if err != nil {
			return err
		}
		if err := d.files.Chtimes(temp, fi.ModTime(), fi.ModTime()); err != nil { // still when it was saved
			return err
		}
		return d.altering(map[string]sum{to + keySuffix: sumOf(data), from + keySuffix: ""}, func() error {
			return d.supersede(temp, from+keySuffix, to+keySuffix)
		})
	})
}

// supersede puts temp in the place of none, and then removes from. The index tells what is to be done after
// a crash between the two.
func (d *Dir) supersede(temp, from, to string) error {
	if err := d.files.Link(temp, to); err != nil {
		return err
	}
	if err := d.sync(); err != nil { // the identity must be on the disk before its only other place goes
		return err
	}
	if err := d.files.Remove(temp); err != nil {
		return err
	}
	if err := d.files.Remove(from); err != nil {
		return err
	}
	return d.sync()
}

// move renames a file, never over another: this is the only Dir here, and it
// does one thing at a time.
func (d *Dir) move(from, to string) error {
	if err := d.free(to); err != nil {
		return err
	}
	return d.altering(map[string]sum{to: d.listed(from), from: ""}, func() error {
		if err := d.files.Rename(from, to); err != nil {
			return err
		}
		return d.sync()
	})
}

// Retire implements [Archive].
func (d *Dir) Retire(ctx context.Context, name string) error {
	return d.change(ctx, "retire", name, func() error {
		if _, err := d.checkKnown(name + keySuffix); err != nil {
			return err
		}
		retired, err := d.freeRetired(name)
		if err != nil {
			return err
		}
		return d.move(name+keySuffix, retired)
	})
}

// freeRetired finds a file name for an identity that is retired now: later than all, whatever the clock says.
func (d *Dir) freeRetired(name string) (string, error) {
	list, err := d.list()
	if err != nil {
		return "", err
	}
	t := time.Now()
	for _, e := range list {
		if e.Name == name && !e.Retired.IsZero() && !t.After(e.Retired) {
			t = e.Retired.Add(1)
		}
	}
	return retiredFile(name, t), nil
}

// Replace implements [Archive].
func (d *Dir) Replace(ctx context.Context, name string, id Identity) error {
	return d.change(ctx, "replace", name, func() error {
		if id.IsZero() {
			return ErrMalformed
		}
		if _, err := d.checkKnown(name + keySuffix); err != nil {
			return err
		}
		_, label, err := d.loadLabelled(ctx, name+keySuffix)
		if err != nil && !damaged(err) {
			return err // it may be readable later, and the label with it
		}
		data, err := sealFile(ctx, d.sealer, name, id, label)
		if err != nil {
			return err
		}
		temp, err := d.writeTemp(data)
		if err != nil {
			return err
		}
		return d.exchange(temp, sumOf(data), name)
	})
}

// exchange puts file, which has contents, in the place of the identity called name, which it
// retires. A second link keeps the old one, so that the name is never free; sweep
// removes it if it stays the second.
func (d *Dir) exchange(file string, contents sum, name string) error {
	retired, err := d.freeRetired(name)
	if err != nil {
		return err
	}
	to := map[string]sum{name + keySuffix: contents, retired: d.listed(name + keySuffix)}
	if _, ours := entryOf(file); ours {
		to[file] = ""
	}
	return d.altering(to, func() error { return d.exchangeFiles(file, name+keySuffix, retired) })
}

func (d *Dir) exchangeFiles(file, current, retired string) error {
	if err := d.files.Link(current, retired); err != nil {
		return err
	}
	if err := d.sync(); err != nil { // the link must be on the disk before the only other name goes
		return err
	}
	if err := d.files.Rename(file, current); err != nil {
		return err
	}
	return d.sync()
}

// Restore implements [Archive].
func (d *Dir) Restore(ctx context.Context, name string, retired time.Time) error {
	return d.change(ctx, "restore", name, func() error {
		file, err := d.findRetired(name, retired)
		if err != nil {
			return err
		}
		if _, err := d.checkKnown(file); err != nil {
			return err
		}
		inUse, err := d.exists(name + keySuffix)
		if err != nil {
			return err
		}
		if !inUse {
			return d.move(file, name+keySuffix)
		}
		if _, err := d.checkKnown(name + keySuffix); err != nil {
			return err
		}
		return d.exchange(file, d.listed(file), name)
	})
}

// LoadRetired implements [Archive], with the errors of [Dir.Load].
func (d *Dir) LoadRetired(ctx context.Context, name string, retired time.Time) (id Identity, err error) {
	err = d.do(ctx, "load", name, func() error {
		file, err := d.findRetired(name, retired)
		if err != nil {
			return err
		}
		id, err = d.load(ctx, file)
		return err
	})
	return id, err
}

// Purge implements [Archive].
func (d *Dir) Purge(ctx context.Context, name string) error {
	return d.change(ctx, "purge", name, func() error {
		list, err := d.list()
		if err != nil {
			return err
		}
		var refused error
		var files []string
		to := make(map[string]sum)
		for _, e := range list {
			if e.Name != name || e.Retired.IsZero() {
				continue
			}
			_, checkErr := d.check(e.file())
			gone := errors.Is(d.missing(e.file(), checkErr), ErrAltered)
			if checkErr != nil && !gone {
				refused = cmp.Or(refused, checkErr)
				continue
			}
			to[e.file()] = ""
			if !gone {
				files = append(files, e.file())
			}
		}
		err = d.altering(to, func() (err error) {
			for _, file := range files {
				err = cmp.Or(err, d.files.Remove(file))
			}
			return cmp.Or(err, d.sync())
		})
		return cmp.Or(err, refused)
	})
}
