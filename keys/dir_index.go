package keys

import (
	"errors"
	"fmt"
	"io/fs"
)

// altering does what f does to files of an encrypted directory, and keeps the index: to tells what
// they will have in them. First the index names both, what is and what will be; after a crash, or an error
// of f, resolve finds out which it is.
func (d *Dir) altering(to map[string]sum, f func() error) error {
	if d.index == nil {
		return f()
	}
	if d.index.bad != nil {
		return d.index.bad
	}
	d.index.plan(to)
	if err := d.writeIndex(); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	d.index.settle(true)
	return d.writeIndex()
}

// writeIndex puts the index in place of the former one, on the disk.
func (d *Dir) writeIndex() error {
	temp, err := d.writeTemp(d.index.bytes())
	if err != nil {
		return err
	}
	if err := d.files.Rename(temp, indexName); err != nil {
		return err
	}
	return d.sync()
}

// readIndex reads what a change left, and ends it. A file that is not right is remembered as such.
func (d *Dir) readIndex() error {
	if d.index == nil {
		return nil
	}
	b, err := d.readBytes(indexName, maxIndex)
	if err == nil {
		err = d.index.read(b)
	}
	switch {
	case err == nil:
		d.index.bad = nil
		return d.resolve()
	case errors.Is(err, fs.ErrNotExist):
		d.index.bad = fmt.Errorf("%w: %s is gone", ErrAltered, indexName)
	case errors.Is(err, ErrAltered) || errors.Is(err, ErrMalformed) || errors.Is(err, ErrPermissions):
		d.index.bad = err
	default:
		return err // of the disk
	}
	return nil
}

// resolve finds out whether a change was done: all files that it was to make are there. If so, those that it was to
// remove go; if not, those that it has made. It can be repeated after any failure.
func (d *Dir) resolve() error {
	if len(d.index.Next) == 0 {
		return nil
	}
	done, now := true, make(map[string]sum)
	for file, t := range d.index.Next {
		is, err := d.sumOfFile(file)
		if err != nil {
			return err
		}
		now[file] = is
		done = done && (t.To == "" || is == t.To)
	}
	for file, t := range d.index.Next {
		goes := !done && t.From == "" && now[file] == t.To || done && t.To == "" && now[file] == t.From
		if goes && now[file] != "" {
			if err := d.files.Remove(file); err != nil {
				return err
			}
		}
	}
	if err := d.sync(); err != nil {
		return err
	}
	d.index.settle(done)
	return d.writeIndex()
}

// sumOfFile returns "" for a file that is not there, and "?" for one that is not like ours.
func (d *Dir) sumOfFile(file string) (sum, error) {
	raw, err := d.read(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case errors.Is(err, ErrPermissions) || errors.Is(err, ErrMalformed):
		return "?", nil
	case err != nil:
		return "", err
	}
	return sumOf(raw), nil
}

// listed returns what the index has of a file, "" in a directory without one.
func (d *Dir) listed(file string) sum {
	if d.index == nil {
		return ""
	}
	return d.index.Files[file]
}

// missing says why a file is not there, which in an encrypted directory must be for a reason.
func (d *Dir) missing(file string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) || d.index == nil || d.trusting {
		return err
	}
	if d.index.bad != nil {
		return d.index.bad
	}
	if d.listed(file) != "" {
		return fmt.Errorf("%w: %s is gone", ErrAltered, file)
	}
	return err
}

// known refuses a file that is there and should not be, or not with these contents; raw may be nil, for a
// file that is not looked into.
func (d *Dir) known(file string, raw []byte) error {
	switch {
	case d.index == nil || d.trusting:
		return nil
	case d.index.bad != nil:
		return d.index.bad
	case d.listed(file) == "":
		return fmt.Errorf("%w: %s was added", ErrAltered, file)
	case raw != nil && d.listed(file) != sumOf(raw):
		return fmt.Errorf("%w: %s was replaced", ErrAltered, file)
	}
	return nil
}
