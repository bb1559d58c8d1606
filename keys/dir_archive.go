package keys

import (
	"cmp"
	"context"
	"io/fs"
	"time"
)

// Rename implements [Archive].
func (d *Dir) Rename(ctx context.Context, from, to string) error {
	return d.change(ctx, "rename", from, func() error {
		if !ValidName(to) {
			return ErrName
		}
		if _, err := d.check(from + keySuffix); err != nil {
			return err
		}
		return d.move(from+keySuffix, to+keySuffix)
	})
}

// move renames a file, never over another: this is the only Dir here, and it
// does one thing at a time.
func (d *Dir) move(from, to string) error {
	taken, err := d.exists(to)
	if err != nil {
		return err
	}
	if taken {
		return fs.ErrExist
	}
	if err := d.files.Rename(from, to); err != nil {
		return err
	}
	return d.sync()
}

// Retire implements [Archive].
func (d *Dir) Retire(ctx context.Context, name string) error {
	return d.change(ctx, "retire", name, func() error {
		if _, err := d.check(name + keySuffix); err != nil {
			return err
		}
		retired, err := d.freeRetired(name)
		if err != nil {
			return err
		}
		return d.move(name+keySuffix, retired)
	})
}

// freeRetired finds a file name for an identity that is retired now.
func (d *Dir) freeRetired(name string) (string, error) {
	for t := time.Now(); ; t = t.Add(1) { // coarse clocks stand still
		file := retiredFile(name, t)
		if taken, err := d.exists(file); err != nil || !taken {
			return file, err
		}
	}
}

// Replace implements [Archive].
func (d *Dir) Replace(ctx context.Context, name string, id Identity) error {
	return d.change(ctx, "replace", name, func() error {
		if id.IsZero() {
			return ErrMalformed
		}
		if _, err := d.check(name + keySuffix); err != nil {
			return err
		}
		_, label, err := d.loadLabelled(ctx, name+keySuffix)
		if err != nil && !damaged(err) {
			return err // it may be readable later, and the label with it
		}
		data, err := seal(ctx, d.sealer, fileText(id, label))
		if err != nil {
			return err
		}
		temp, err := d.writeTemp(data)
		if err != nil {
			return err
		}
		return d.exchange(temp, name)
	})
}

// exchange puts file in the place of the identity called name, which it
// retires. A second link keeps the old one, so that the name is never free; sweep
// removes it if it stays the second.
func (d *Dir) exchange(file, name string) error {
	retired, err := d.freeRetired(name)
	if err != nil {
		return err
	}
	if err := d.files.Link(name+keySuffix, retired); err != nil {
		return err
	}
	if err := d.sync(); err != nil { // the link must be on the disk before the only other name goes
		return err
	}
	if err := d.files.Rename(file, name+keySuffix); err != nil {
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
		if _, err := d.check(file); err != nil {
			return err
		}
		inUse, err := d.exists(name + keySuffix)
		if err != nil {
			return err
		}
		if !inUse {
			return d.move(file, name+keySuffix)
		}
		if _, err := d.check(name + keySuffix); err != nil {
			return err
		}
		return d.exchange(file, name)
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
		for _, e := range list {
			if e.Name != name || e.Retired.IsZero() {
				continue
			}
			if _, checkErr := d.check(e.file()); checkErr != nil {
				err = cmp.Or(err, checkErr)
				continue
			}
			err = cmp.Or(err, d.files.Remove(e.file()))
		}
		return cmp.Or(err, d.sync())
	})
}
